/** Registers the element. */
import { MnistDigitElement } from './mnist-digit.js'

/** Defines `<mnist-digit>` (or another name); a second call of the same name changes nothing. */
export function defineMnistDigit(name = 'mnist-digit'): void {
  if (customElements.get(name) !== undefined) return
  // A class can stand for one name alone.
  customElements.define(name, name === 'mnist-digit' ? MnistDigitElement : class extends MnistDigitElement {})
}

declare global {
  interface HTMLElementTagNameMap {
    'mnist-digit': MnistDigitElement
  }
}
