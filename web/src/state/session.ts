/** The one state of the page with all that can be done to it. It outlives every component. */
import type { Backend } from '../api/api.js';
import { isExport } from '../api/backend.js';
import { problemOf } from '../api/problem.js';
import type { CaptionAnswer, Explanation, Gallery, Item, Metadata, Suggestions } from '../api/types.js';
import { emptyView, readAddress, type View, writeAddress } from './address.js';
import { keepDismissed, keepKey, readDismissed, readKey } from './device.js';
import { addFilter } from './filter.js';
import { Loader } from './loader.js';
import { captionOf, choiceOf, explainOf, queryKey, uploadsIn } from './query.js';
import { type Action, type Dialog, initialState, reduce, type State } from './reducer.js';
import { titleOf } from './title.js';
import {
  addReference,
  changeSettings,
  currentSettings,
  currentTurn,
  emptyTrail,
  limits,
  type QueryImage,
  replaceImage,
  type Settings,
  startFrom,
  type Trail,
} from './trail.js';
import { UploadError, Uploads } from './uploads.js';
import { setWeight } from './weights.js';

/** How long sliders must rest before the server is asked, in milliseconds. */
const sliderRest = 180;
/** How often the page looks whether a model that is being trained has become better, in milliseconds. */
const trainingInterval = 3000;

export class Session {
  readonly uploads = new Uploads(isExport);
  private current: State = initialState;
  private readonly listeners = new Set<() => void>();
  private readonly loader: Loader;
  private readonly known = new Map<string, Metadata | undefined>();
  private dismissed = readDismissed();
  private slider: ReturnType<typeof setTimeout> | undefined;
  private noticeTimer: ReturnType<typeof setTimeout> | undefined;
  private trainingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly api: Backend) {
    const parts = {
      api,
      uploads: this.uploads,
      state: () => this.current,
      dispatch: (action: Action) => this.dispatch(action),
    };
    this.loader = new Loader({ ...parts, onUnauthorized: () => this.askForKey() });
  }

  get state(): State {
    return this.current;
  }

  /** The chosen gallery; undefined while galleries load, or where it is gone. */
  get gallery(): Gallery | undefined {
    return this.current.galleries?.find(({ name }) => name === this.current.view.gallery);
  }

  /** The filter and the weights of what is shown. */
  get settings(): Settings {
    return currentSettings(this.current.view.trail);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Reads the address, loads the galleries, and follows the back button and the network from now on. */
  start(): void {
    this.uploads.restore();
    addEventListener('popstate', () => this.follow());
    addEventListener('hashchange', () => this.follow());
    addEventListener('online', () => this.retry());
    this.dispatch({ type: 'view', view: readAddress(location.hash) });
    void this.loadGalleries();
  }

  private follow(): void {
    const view = readAddress(location.hash);
    if (writeAddress(view) === writeAddress(this.current.view)) return;
    this.dispatch({ type: 'view', view });
    this.load();
  }

  /** Asks for the galleries again. */
  reload(): void {
    void this.loadGalleries();
  }

  private async loadGalleries(): Promise<void> {
    this.dispatch({ type: 'galleries-loading' });
    try {
      const galleries = await this.api.galleries();
      this.dispatch({ type: 'galleries', galleries });
      // A link to a gallery that is not here leads to no other: the page says so, and offers those that are.
      const first = galleries[0]?.name;
      if (this.current.view.gallery === undefined && first !== undefined)
        this.navigate({ ...emptyView, gallery: first }, 'replace');
      else this.load();
      this.followTraining();
    } catch (error) {
      const problem = problemOf(error);
      this.dispatch({ type: 'galleries-failed', problem });
      if (problem.status === 401) this.askForKey();
    }
  }

  /** While the model of a gallery is being trained: asks again what is shown whenever a better one answers. */
  private followTraining(): void {
    clearTimeout(this.trainingTimer);
    if (!this.current.galleries?.some(({ training }) => training && !training.ended)) return;
    this.trainingTimer = setTimeout(() => {
      const before = this.gallery?.model.hash;
      this.api
        .galleries()
        .then((galleries) => {
          this.dispatch({ type: 'galleries', galleries });
          if (this.gallery && this.gallery.model.hash !== before) this.loader.load(this.gallery, true);
        })
        // A server that does not answer is asked again; what is shown says itself whether it could be loaded.
        .catch(() => undefined)
        .finally(() => this.followTraining());
    }, trainingInterval);
  }

  /** Shows another view. `replace` leaves no step for the back button. */
  navigate(view: View, history: 'push' | 'replace' = 'push'): void {
    const address = writeAddress(view);
    if (address !== location.hash) {
      if (history === 'push') globalThis.history.pushState(null, '', address);
      else globalThis.history.replaceState(null, '', address);
    }
    this.dispatch({ type: 'view', view });
    this.load();
  }

  private load(): void {
    clearTimeout(this.slider);
    if (this.gallery) this.loader.load(this.gallery);
  }

  chooseGallery(name: string): void {
    this.navigate({ ...emptyView, gallery: name });
  }

  /** Changes the trail by one of the functions of `trail.ts`. `quiet`: that nothing changes needs no word. */
  walk(step: (trail: Trail) => Trail, quiet?: 'quiet'): void {
    const { view } = this.current;
    const trail = step(view.trail);
    const same = trail.turns === view.trail.turns && trail.current === view.trail.current;
    if (same) quiet || this.explainRefusal();
    else this.navigate({ ...view, trail });
  }

  private explainRefusal(): void {
    const { turns } = this.current.view.trail;
    const turn = currentTurn(this.current.view.trail);
    if (turns.length >= limits.turns) this.notify(`A trail has at most ${limits.turns} turns: remove some, or start over.`);
    else if (turn && turn.references.length >= limits.references)
      this.notify(`A search takes at most ${limits.references} references.`);
    else if (turn && turn.negatives.length >= limits.negatives)
      this.notify(`A search takes at most ${limits.negatives} of these.`);
    else if (turn && turn.phrases.length >= limits.phrases) this.notify(`A search takes at most ${limits.phrases} texts.`);
  }

  /** Back to the gallery as it was before the first turn. */
  startOver(): void {
    const { view } = this.current;
    const { filter, weights } = view.trail;
    this.navigate({ ...view, trail: { ...emptyTrail, filter, weights } });
  }

  setFilter(filter: string): void {
    this.navigate(this.withSettings({ filter }));
  }

  /** Shows the slider at once, asks the server when it rests. */
  setWeight(factor: number, value: number): void {
    const weights = setWeight(this.settings.weights, this.gallery?.factors.length ?? 0, factor, value);
    this.dispatch({ type: 'view', view: this.withSettings({ weights }) });
    clearTimeout(this.slider);
    this.slider = setTimeout(() => this.navigate(this.current.view, 'replace'), sliderRest);
  }

  resetWeights(): void {
    this.navigate(this.withSettings({ weights: [] }));
  }

  private withSettings(changed: Partial<Settings>): View {
    const { view } = this.current;
    return { ...view, trail: changeSettings(view.trail, changed) };
  }

  /** Takes a picture of this device: to begin with, as one more reference, or in the place of one that is gone. */
  async upload(file: Blob, use: 'start' | 'add' | { instead: QueryImage }): Promise<void> {
    try {
      const image = { upload: await this.uploads.add(file) };
      if (use === 'start') this.walk((trail) => startFrom(trail, image));
      else if (use === 'add') this.walk((trail) => addReference(trail, image));
      else this.walk((trail) => replaceImage(trail, use.instead, image));
    } catch (error) {
      this.notify(error instanceof UploadError ? error.message : 'This file could not be read.');
    }
  }

  loadMore(): void {
    if (this.gallery) this.loader.loadMore(this.gallery);
  }

  retry(): void {
    const { results, galleries } = this.current;
    if (!galleries) void this.loadGalleries();
    else if (this.gallery && (results.status === 'failed' || results.status === 'waiting')) this.loader.retry(this.gallery);
  }

  async explain(id: string, signal: AbortSignal): Promise<Explanation | undefined> {
    const request = this.gallery && explainOf(this.current.view, this.gallery, id);
    if (!request) return undefined;
    return this.api.explain(request, this.loader.files(uploadsIn(request.references, request.negatives)), signal);
  }

  async caption(id: string, signal: AbortSignal): Promise<CaptionAnswer | undefined> {
    const request = this.gallery && captionOf(this.current.view, this.gallery, id);
    if (!request) return undefined;
    return this.api.caption(request, this.loader.files(uploadsIn([request.reference])), signal);
  }

  async item(id: string, signal: AbortSignal): Promise<Item | undefined> {
    return this.gallery ? this.api.item(this.gallery.name, id, signal) : undefined;
  }

  /** How many pictures of the gallery pass a filter. */
  async count(filter: string, signal: AbortSignal): Promise<number | undefined> {
    const { gallery } = this;
    if (!gallery || filter.trim() === '') return gallery?.count;
    return this.api.count(gallery.name, filter, signal);
  }

  /** Texts to go on with, and words that the model has never seen. @param typed what is in the field so far */
  async suggest(typed: string, signal: AbortSignal): Promise<Suggestions | undefined> {
    const { gallery } = this;
    const turn = currentTurn(this.current.view.trail);
    if (!gallery) return undefined;
    const reference = turn?.references[0];
    const request = {
      gallery: gallery.name,
      texts: turn?.phrases.filter(({ held }) => held).map(({ text }) => text) ?? [],
      ...(reference && 'id' in reference ? { reference: reference.id } : {}),
      ...(typed ? { text: typed } : {}),
    };
    return this.api.suggest(request, signal);
  }

  /** Tells a server that keeps choices that a person has acted on a result. That it could not be told is no matter of theirs. */
  choose(id: string): void {
    const { gallery } = this;
    const { kind, entries, key } = this.current.results;
    if (!gallery?.keepsChoices || kind !== 'hits' || key !== queryKey(this.current.view, gallery)) return;
    const shown = entries.map((entry) => entry.id);
    const choice = choiceOf(this.current.view, gallery, shown, id);
    if (choice) this.api.choose(gallery.name, choice).catch(() => undefined);
  }

  /** Of suggested filters those that are not in use, and that were not taken away in this tab. */
  offeredFilters(found: Suggestions | undefined): Suggestions['filters'] {
    const { filter } = this.settings;
    return (found?.filters ?? []).filter(
      (one) => !this.dismissed.has(this.dismissalOf(one.filter)) && addFilter(filter, one.filter) !== filter,
    );
  }

  useFilter(filter: string): void {
    this.setFilter(addFilter(this.settings.filter, filter));
  }

  /** Takes a suggested filter away, for as long as this tab is open. */
  dismissFilter(filter: string): void {
    this.dismissed = new Set([...this.dismissed, this.dismissalOf(filter)]);
    keepDismissed(this.dismissed);
    this.changed();
  }

  private dismissalOf(filter: string): string {
    return `${this.current.view.gallery} ${filter}`;
  }

  /** Texts to begin with. @param id of the picture that they change */
  async suggestFor(id: string, signal: AbortSignal): Promise<Suggestions | undefined> {
    const { gallery } = this;
    return gallery && this.api.suggest({ gallery: gallery.name, reference: id, count: 3 }, signal);
  }

  /** What is known of a picture; undefined while it is asked for, and where nothing is. */
  metadataOf(image: QueryImage): Metadata | undefined {
    const { gallery } = this;
    if (!gallery || !('id' in image)) return undefined;
    const key = `${gallery.name} ${image.id}`;
    const shown = this.current.results.entries.find(({ id }) => id === image.id)?.metadata;
    if (shown) this.known.set(key, shown);
    else if (!this.known.has(key)) {
      // Asked for once; the state changes when it is here.
      this.known.set(key, undefined);
      this.api.item(gallery.name, image.id).then(
        ({ metadata }) => {
          this.known.set(key, metadata);
          this.changed();
        },
        () => undefined,
      );
    }
    return this.known.get(key);
  }

  /** What people call a picture. */
  nameOf(image: QueryImage): string {
    return 'id' in image ? titleOf(image.id, this.metadataOf(image)) : 'your picture';
  }

  askForKey(): void {
    this.open({ kind: 'key', refused: readKey() !== undefined });
  }

  /** Uses a key from now on, in this tab. */
  useKey(key: string): void {
    keepKey(key.trim() || undefined);
    this.open(undefined);
    this.retry();
  }

  open(dialog: Dialog | undefined): void {
    this.dispatch({ type: 'dialog', dialog });
  }

  showScores(shown: boolean): void {
    this.dispatch({ type: 'scores', shown });
  }

  highlight(factor: number | undefined): void {
    this.dispatch({ type: 'highlight', factor });
  }

  notify(notice: string): void {
    clearTimeout(this.noticeTimer);
    this.dispatch({ type: 'notice', notice });
    this.noticeTimer = setTimeout(() => this.dispatch({ type: 'notice', notice: '' }), 6000);
  }

  private dispatch(action: Action): void {
    const next = reduce(this.current, action);
    if (next === this.current) return;
    this.current = next;
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
