/** A search field of one's own in React, on an export: npm install limn onnxruntime-web@1.30.0 */
import { openGallery } from 'limn/browser';
import { useEffect, useRef, useState } from 'react';

export function ImageSearch({ src, reference }) {
  const opening = useRef();
  const [hits, setHits] = useState([]);
  const [problem, setProblem] = useState('');

  useEffect(() => {
    const stop = new AbortController();
    const opened = openGallery(src, { signal: stop.signal });
    opening.current = opened;
    opened.catch((error) => stop.signal.aborted || setProblem(error.message));
    return () => {
      stop.abort();
      opened.then((gallery) => gallery.close()).catch(() => {});
    };
  }, [src]);

  const search = async (event) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('text');
    try {
      const gallery = await opening.current;
      const answer = await gallery.search({ references: [{ id: reference }], texts: [text], k: 12 });
      setHits(answer.hits.map(({ id }) => ({ id, image: gallery.imageUrl(id) })));
      setProblem('');
    } catch (error) {
      setProblem(error.message);
    }
  };

  return (
    <form onSubmit={search}>
      <input name="text" aria-label="What to change" placeholder="shorter and in red" />
      <p role="alert">{problem}</p>
      <ul>
        {hits.map(({ id, image }) => (
          <li key={id}>
            <img src={image} alt={id} loading="lazy" />
          </li>
        ))}
      </ul>
    </form>
  );
}
