// SPDX-License-Identifier: Apache-2.0
// status.mjs URL FOLDER   Opens the status page as people see it: light and dark, wide and on a phone, without
// JavaScript too. Writes a screenshot of each into the folder and what it saw to standard output, as JSON.
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});

const views = [];
for (const scheme of ["light", "dark"]) {
    for (const [name, width, height] of [["wide", 1280, 900], ["phone", 320, 640]]) {
        for (const script of [true, false]) {
            views.push({ scheme, name, width, height, script });
        }
    }
}

// What a page says of itself. Evaluated by the browser itself, so it needs JavaScript there.
function look() {
    const style = getComputedStyle(document.body);
    const rgb = (color) => color.match(/[\d.]+/g).slice(0, 3).map(Number);
    const light = (color) => {
        const [r, g, b] = rgb(color).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const cards = [...document.querySelectorAll(".card")];
    return {
        title: document.title,
        scrolls: document.documentElement.scrollWidth > document.documentElement.clientWidth,
        background: style.backgroundColor,
        contrast: Math.min(...cards.flatMap((card) => [card, ...card.querySelectorAll("dt,dd,h3,p,figcaption,span")]
            .map((part) => contrast(getComputedStyle(part).color, getComputedStyle(card).backgroundColor)))),
        headings: [...document.querySelectorAll("h1,h2,h3,figcaption")].map((h) => h.textContent),
        rows: Object.fromEntries([...document.querySelectorAll("section section")].map((card) => [
            card.querySelector("h3").textContent,
            Object.fromEntries([...card.querySelectorAll("dt")].map((dt) => [dt.textContent,
                dt.nextElementSibling.textContent]))])),
        drawn: [...document.querySelectorAll("svg")].map((svg) => svg.querySelector("path:nth-of-type(2)")
            .getBoundingClientRect().width),
        concerns: [...document.querySelectorAll(".concerns li")].map((li) => li.textContent),
        scripts: document.scripts.length,
        small: cards.filter((card) => card.getBoundingClientRect().right > innerWidth + 0.5).length,
    };
}

const seen = [];
for (const view of views) {
    const context = await browser.newContext({
        colorScheme: view.scheme, viewport: { width: view.width, height: view.height },
        javaScriptEnabled: view.script, deviceScaleFactor: 1,
    });
    const page = await context.newPage();
    const errors = [], requests = [];
    page.on("console", (message) => errors.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    const answer = await page.goto(url, { waitUntil: "load" });
    const file = `${folder}/${view.scheme}-${view.name}${view.script ? "" : "-noscript"}.png`;
    await page.screenshot({ path: file, fullPage: true });
    seen.push({ ...view, status: answer.status(), errors, requests, text: (await page.innerText("body")).length,
        ...(view.script ? await page.evaluate(look) : {}) });
    await context.close();
}
await browser.close();
console.log(JSON.stringify(seen));
