/** A search field of one's own in React, on an export: npm install limn onnxruntime-web@1.30.0 */
import { openGallery } from 'limn/browser';
import { useEffect, useRef, useState } from 'react';

export function ImageSearch({ src, reference }) {
  const gallery = useRef();
  const [hits, setHits] = useState([]);
  const [problem, setProblem] = useState('');

  useEffect(() => {
    const stop = new AbortController();
    openGallery(src, { signal: stop.signal }).then(
      (opened) => {
        gallery.current = opened;
      },
      (error) => stop.signal.aborted || setProblem(error.message),
    );
    return () => {
      stop.abort();
      gallery.current?.close();
    };
  }, [src]);

  const search = (event) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('text');
    gallery.current?.search({ references: [{ id: reference }], texts: [text], k: 12 }).then(
      (answer) => setHits(answer.hits),
      (error) => setProblem(error.message),
    );
  };

  return (
    <form onSubmit={search}>
      <input name="text" aria-label="What to change" placeholder="shorter and in red" />
      <p role="alert">{problem}</p>
      <ul>
        {hits.map(({ id }) => (
          <li key={id}>
            <img src={gallery.current.imageUrl(id)} alt={id} loading="lazy" />
          </li>
        ))}
      </ul>
    </form>
  );
}
