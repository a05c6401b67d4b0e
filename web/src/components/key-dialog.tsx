import { useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { Modal } from './modal.js';

export function KeyDialog({ refused }: { refused: boolean }) {
  const session = useSession();
  const [key, setKey] = useState('');
  return (
    <Modal title="A key, please" class="narrow" onClose={() => session.open(undefined)}>
      <form
        class="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          session.useKey(key);
        }}
      >
        {refused ? (
          <p role="alert">The server refused the key it was given. Is it whole, and still valid?</p>
        ) : (
          <p>This server shows its galleries to those who have an API key.</p>
        )}
        <label for="key">API key</label>
        <input id="key" type="password" autocomplete="off" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        <p class="hint">It stays in this tab and is forgotten when you close it.</p>
        <button type="submit" class="button primary" disabled={key.trim() === ''}>
          Use this key
        </button>
      </form>
    </Modal>
  );
}
