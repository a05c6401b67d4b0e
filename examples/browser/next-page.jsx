/** app/search/page.jsx of a Next site whose folder public/gallery is an export. The element is defined in the browser alone. */
import Script from 'next/script';

export default function Search() {
  return (
    <main>
      <Script src="/gallery/limn-search.js" />
      <limn-search src="/gallery/index.html" label="Search the shop by image" />
    </main>
  );
}
