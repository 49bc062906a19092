import { render } from 'preact';
import { App } from './app.js';
import './style.css';
import { allowEmptyMarkupOnly } from './trusted.js';

allowEmptyMarkupOnly();
render(<App />, document.getElementById('app')!);
