import { describe, expect, it } from 'vitest';
import { html } from './markup.js';

describe('html', () => {
  it('escapes what is put in', () => {
    expect(html`<p title="${'"'}">${'<script>&'}</p>`.text).toBe('<p title="&quot;">&lt;script&gt;&amp;</p>');
  });

  it('takes markup, lists and nothing as they are', () => {
    expect(html`<ul>${[1, 2].map((n) => html`<li>${n}</li>`)}${null}</ul>`.text).toBe('<ul><li>1</li><li>2</li></ul>');
  });
});
