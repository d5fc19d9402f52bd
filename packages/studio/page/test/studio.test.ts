/** The studio in a real browser on a real server: from the list of mistakes to an active release and back, while a client asks. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenedModel } from '@editable/workspace';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCommand, root, type StartedServer, servedRun, started } from '../../test/served-run.js';
import { type AskedAnswer, RunningClient } from './running-client.js';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const hasBrowser = existsSync(executablePath);
if (!hasBrowser)
  console.warn(`studio.test: skipped, as there is no ${executablePath}; "node scripts/setup.mjs --dev" installs it.`);

const folder = mkdtempSync(join(tmpdir(), 'editable-studio-page-'));
/** Where the screenshots stay, for whoever wants to look at them. */
const pictures = process.env.EDITABLE_SCREENSHOTS ?? join(folder, 'screenshots');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const script = '<script>document.title = "broken in"</script><img src=x onerror="document.title=1">';

describe.skipIf(!hasBrowser)('the studio', () => {
  let opened: OpenedModel;
  let server: StartedServer;
  let browser: Browser;
  let page: Page;
  let client: RunningClient;
  const complaints: string[] = [];
  let chosen: number;
  let before: AskedAnswer;

  beforeAll(async () => {
    buildCommand();
    execFileSync(process.execPath, [join(root, 'packages/studio/page/build-page.mjs')], { stdio: 'ignore' });
    mkdirSync(pictures, { recursive: true });
    opened = await servedRun(folder, { steps: 40 });
    server = await started(folder, '--exact', '--name', 'gratings');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage({
      viewport: { width: 1366, height: 768 },
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(60_000);
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // A list that nobody made yet is asked for and not there: no fault.
      if (message.type() === 'error' && !message.text().includes('404')) complaints.push(message.text());
    });
  });
  afterAll(async () => {
    await client?.stop();
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (path: string): Promise<unknown> => page.goto(`${server.address}/#${path}`);
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
  const served = () => page.getByTestId('served').textContent();

  it('says that nobody looked for mistakes yet, and finds them at a button', async () => {
    await open('/mistakes');
    await page.getByText('Nobody has looked yet').waitFor();
    await button('Look for mistakes').click();
    await page.getByTestId('mistakes').waitFor();
    const tiles = page.getByTestId('mistakes').locator('button.tile');
    expect(await tiles.count()).toBeGreaterThan(5);
    const shares = await page.getByTestId('mistakes').locator('.tile-note').allInnerTexts();
    const confidence = shares.map((text) => Number.parseInt(text, 10));
    expect(confidence).toEqual([...confidence].sort((a, b) => b - a));
  });

  it('is walked by keys: pictures by arrows, chosen by space, repaired by R', async () => {
    const tiles = page.getByTestId('mistakes').locator('button.tile');
    await tiles.nth(0).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    expect(await tiles.nth(1).getAttribute('aria-pressed')).toBe('true');
    await photograph('mistakes');
    chosen = Number(/\d+$/.exec((await tiles.nth(1).getByRole('img').getAttribute('alt')) ?? '')?.[0]);
    await page.keyboard.press('r');
    await page.getByRole('heading', { name: 'Right answers' }).waitFor();
    await page.getByText(`test image ${chosen}, says`).waitFor();
  });

  it('previews until all test images are judged, and proposes with a reason', async () => {
    client = new RunningClient(server.address, 'gratings', opened.dataset.split('test').image(chosen));
    before = await client.ask();
    await page.getByRole('slider').focus();
    await page.keyboard.press('ArrowRight');
    await page.getByText('What views cost on this run is not measured yet').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('p');
    await page.locator('[data-testid=preview][data-final=true]').waitFor();
    await page.getByText('1 of 1', { exact: true }).waitFor();
    await page.getByText('There are none yet.').waitFor();
    expect(await button(/^Propose 1 repair/).isDisabled()).toBe(true);
    await page.getByLabel('Your name').fill(`ann ${script}`);
    await page.getByLabel('Reason').fill(`ticket 481 ${script}`);
    await photograph('repair');
    await button(/^Propose 1 repair/).click();
    await page.getByText('1 repair proposed').waitFor();
  });

  it('lets a second person approve, and not the first', async () => {
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('3');
    await page.getByTestId('proposed').waitFor();
    await page.getByText(`ticket 481 ${script}`).waitFor();
    await page.getByLabel('Choose all').check();
    await page.getByText('was proposed by you; a second person approves.').waitFor();
    expect(await button('Approve …').isDisabled()).toBe(true);
    await photograph('review');
    await button(/^ann/).click();
    await page.getByLabel('Your name').fill('bob');
    await page.keyboard.press('Escape');
    await button('Approve …').click();
    await page.getByLabel('Reason').fill('the label is right');
    await button('Approve').click();
    await page.getByText('Nothing to review').waitFor();
  });

  it('makes a release, checks it and activates it: the running client is answered by it from then on', async () => {
    client.run();
    await open('/releases');
    await button('Make a release').click();
    await page.getByTestId('releases').waitFor();
    await button('Activate …').click();
    await page.getByText('Nobody has checked it yet').waitFor();
    await page.getByLabel('Reason').fill('in a hurry');
    expect(await button('Activate').isDisabled()).toBe(true);
    await photograph('unchecked');
    await button('Cancel').click();
    await button(/^More about/).click();
    await page.getByRole('menuitem', { name: 'Check' }).click();
    await page.getByText(/may (not )?be served/).waitFor();
    await photograph('releases');
    const name = await page.getByTestId('releases').locator('tr[data-release]').getAttribute('data-release');
    await page.getByText(/^check (passed|failed)$/).waitFor();
    await activate('approved by bob');
    await expect.poll(served, { timeout: 10_000 }).toBe(name?.slice(0, 10));
    const after = await client.ask();
    expect(after.version).toBe(name);
    expect(after.label).toBe(opened.dataset.split('test').labels[chosen]);
    expect(after.label).not.toBe(before.label);
  });

  it('compares it with the base', async () => {
    await button(/^More about/).click();
    await page.getByRole('menuitem', { name: 'Compare with the base' }).click();
    await page.getByText('Repairs added (1)').waitFor();
    await photograph('compare');
  });

  it('shows the budget, the history and what was measured', async () => {
    await open('/budget');
    await page.getByTestId('advice').waitFor();
    await page.locator('.chart svg').nth(1).waitFor();
    await photograph('budget');
    await open('/analysis');
    await page.getByText('Nothing was measured on this run').waitFor();
    await open('/releases');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText(/^activated [0-9a-f]{10}/).waitFor();
  });

  it('rolls back: the running client has the earlier answers to the bit, and never had a failed one', async () => {
    await page.getByRole('tab', { name: 'Releases' }).click();
    await button('Roll back …').click();
    await page.getByLabel('Reason').fill('complaints');
    await button('Roll back').click();
    await page.getByText('the base', { exact: true }).first().waitFor();
    expect(await client.ask()).toEqual(before);
    const { failed, versions } = await client.stop();
    expect(failed).toEqual([]);
    expect(versions.length).toBe(3);
    expect(versions[0]).toBe(versions[2]);
  });

  it('tries a release as a shadow: what it answers otherwise is shown, and leads to a repair', async () => {
    await button(/^More about/).click();
    await page.getByRole('menuitem', { name: /^Try as shadow/ }).click();
    await page.getByLabel('Take it back above this share of differences (%)').fill('100');
    await button('Start').click();
    await page.getByRole('heading', { name: /^Shadow [0-9a-f]{10}/ }).waitFor();
    expect(await client.ask()).toEqual(before);
    await button('Differences (1)').click();
    await page.getByTitle('Repair this picture').waitFor();
    await photograph('shadow');
    await button('Take it back').click();
    await page.getByText('taken back by hand').waitFor();
    await page.getByTitle('Repair this picture').click();
    await page.getByRole('heading', { name: 'Right answers' }).waitFor();
  });

  it('tries it as a canary: the share of the requests that was asked for is answered by it', async () => {
    await open('/releases');
    await button(/^More about/).click();
    await page.getByRole('menuitem', { name: /^Try as shadow/ }).click();
    await page.getByRole('radio', { name: /^Canary/ }).check();
    await page.getByLabel('Share of the requests (%)').fill('100');
    await page.getByLabel('Take it back above this share of differences (%)').fill('100');
    await button('Start').click();
    await page.getByRole('heading', { name: /^Canary [0-9a-f]{10}/ }).waitFor();
    const { version, label } = await client.ask();
    expect(version).not.toBe(before.version);
    expect(label).not.toBe(before.label);
    await page.getByText('It answered 1 request, 100 % of them.').waitFor();
    await button('Take it back').click();
    await page.getByText('taken back by hand').waitFor();
    expect(await client.ask()).toEqual(before);
  });

  it('retires the repair that is served: the others, of which there is none, are served without it', async () => {
    await activate('once more');
    await open('/review');
    await page.getByRole('tab', { name: /^Active/ }).click();
    await button('Retire …').click();
    await page.getByLabel('Reason').fill('the label was wrong');
    await photograph('retire');
    await button('Retire').click();
    await page.getByRole('tab', { name: 'Retired (1)' }).click();
    await page.getByText('the label was wrong').waitFor();
    const { version, logits } = await client.ask();
    expect(version).not.toBe(before.version);
    expect(logits).toEqual(before.logits);
  });

  it('asks for a token where the server has some, and lets do what its role may', async () => {
    const tokens = join(folder, 'tokens.json');
    writeFileSync(tokens, JSON.stringify([{ name: 'ann', role: 'propose', token: 'a-token-of-ann-0001' }]));
    const guarded = await started(folder, '--name', 'gratings', '--tokens', tokens);
    const own = await browser.newPage();
    try {
      await own.goto(guarded.address);
      const enter = async (token: string): Promise<void> => {
        await own.getByLabel('Token', { exact: true }).fill(token);
        await own.getByRole('button', { name: 'Enter' }).click();
      };
      await enter('a-token-of-nobody');
      await own.getByText('the token is none of this server’s').waitFor();
      await enter('a-token-of-ann-0001');
      await own.getByText('ann, may propose').waitFor();
      await own.goto(`${guarded.address}/#/releases`);
      await own.getByTestId('releases').waitFor();
      expect(await own.getByRole('button', { name: 'Activate …' }).first().isDisabled()).toBe(true);
      await own.getByRole('button', { name: 'Sign out' }).click();
      await own.getByText('This server asks for a token.').waitFor();
    } finally {
      await own.close();
      await guarded.stop();
    }
  });

  it('shows a prediction that was sent in, with its words as text', async () => {
    const sent = await fetch(`${server.address}/api/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ picture: { index: chosen }, note: `a note ${script}`, by: 'carl' }),
    });
    expect(sent.status).toBe(201);
    await open('/mistakes');
    await page.getByRole('tab', { name: /^Sent in/ }).click();
    await page.getByText(`a note ${script}`).waitFor();
    expect(await page.title()).toBe('Mistakes · Editable');
  });

  it.each(['light', 'dark'] as const)('passes axe on every page, %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    const serious: unknown[] = [];
    for (const path of ['/mistakes', `/repair?test=${chosen}`, '/review', '/releases', '/budget', '/analysis']) {
      await open(path);
      await page.locator('h1').waitFor();
      // Not for an idle network: the page listens to the server's events for as long as it is open.
      await page.locator('.mantine-Loader-root, .mantine-Skeleton-root').first().waitFor({ state: 'detached' });
      await page.evaluate(axe);
      const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as {
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      };
      for (const { id, impact, nodes } of violations)
        if (['serious', 'critical'].includes(impact))
          serious.push({ path, id, nodes: nodes.slice(0, 3).map(({ html }) => html) });
    }
    expect(serious).toEqual([]);
  });

  it('kept to its own scripts and styles all the while', () => {
    expect(complaints).toEqual([]);
  });

  /** By the dialog; the test's network is small, so its repair may cost more than the gate lets pass. */
  async function activate(reason: string): Promise<void> {
    await button('Activate …').first().click();
    await page.getByLabel('Reason').fill(reason);
    const anyway = page.getByLabel('Activate it anyway, as explained below');
    if (await anyway.isVisible()) await anyway.check();
    await button('Activate').click();
    await button('Roll back …').waitFor();
  }

  /** As a reader has it, light and dark. */
  async function photograph(name: string): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`) });
    }
  }
});
