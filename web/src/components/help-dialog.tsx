import { useSession } from '../hooks/use-session.js';
import { Modal } from './modal.js';

const keys: [string[], string][] = [
  [['/'], 'say what to change'],
  [['Enter'], 'search; on a picture, go on from it'],
  [['←', '→', '↑', '↓'], 'from picture to picture'],
  [['Space'], 'look closer at a picture'],
  [['+'], 'more like this picture'],
  [['-'], 'less like this picture'],
  [['c'], 'compare it with the reference'],
  [['Esc'], 'empty the text, close a dialog'],
  [['?'], 'this list'],
];

export function HelpDialog() {
  const session = useSession();
  return (
    <Modal title="Keyboard" class="narrow" onClose={() => session.open(undefined)}>
      <dl class="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
