/**
 * <script src="https://shop.example/search/limn-search.js" defer></script>
 * <limn-search src="https://shop.example/search/"></limn-search>: the page of an export in another page. It lies in a frame of its own, so
 * that neither page's styles and scripts reach the other. Its height is that of the element, 40rem unless a style says otherwise. device="wasm" or "webgpu" chooses what models run on.
 */
(() => {
  if (customElements.get('limn-search')) return;

  class LimnSearch extends HTMLElement {
    static observedAttributes = ['src', 'label', 'device'];

    connectedCallback() {
      if (!this.shadowRoot) {
        const style = document.createElement('style');
        style.textContent =
          ':host{display:block;height:40rem}:host([hidden]){display:none}iframe{border:0;width:100%;height:100%}';
        this.frame = document.createElement('iframe');
        this.frame.setAttribute('allow', 'camera');
        this.attachShadow({ mode: 'open' }).append(style, this.frame);
      }
      this.show();
    }

    attributeChangedCallback() {
      if (this.frame) this.show();
    }

    show() {
      const src = this.getAttribute('src');
      this.frame.title = this.getAttribute('label') ?? 'Image search';
      const url = src === null ? undefined : new URL(src, document.baseURI);
      const device = this.getAttribute('device');
      if (device !== null) url?.searchParams.set('device', device);
      const address = url?.href ?? 'about:blank';
      if (this.frame.src !== address) this.frame.src = address;
    }
  }

  customElements.define('limn-search', LimnSearch);
})();
