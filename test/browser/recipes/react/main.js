import 'mnist-digit/define'
import { createElement, useState } from 'react'
import { createRoot } from 'react-dom/client'

function App() {
  const [shown, setShown] = useState(true)
  const [digit, setDigit] = useState('')
  const onprediction = ({ detail }) => setDigit(String(detail.digit))
  return createElement(
    'div',
    null,
    createElement('button', { type: 'button', onClick: () => setShown(!shown) }, 'Show or hide'),
    shown ? createElement('mnist-digit', { onprediction }) : null,
    createElement('output', null, digit),
  )
}

createRoot(document.querySelector('#app')).render(createElement(App))
