import 'mnist-digit/define'
import { createApp, h, ref } from 'vue'

createApp({
  setup() {
    const shown = ref(true)
    const digit = ref('')
    const toggle = () => {
      shown.value = !shown.value
    }
    const onPrediction = ({ detail }) => {
      digit.value = String(detail.digit)
    }
    return () =>
      h('div', [
        h('button', { type: 'button', onClick: toggle }, 'Show or hide'),
        shown.value ? h('mnist-digit', { onPrediction }) : null,
        h('output', digit.value),
      ])
  },
}).mount('#app')
