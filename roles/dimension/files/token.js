// Gets Dimension its access token from Synapse, once, and writes Dimension's configuration with it.
// Until the account is there, which is made after the stack has come up, it waits: /tmp/waiting says so.
// usage: node token.js SYNAPSE CONFIG-FOLDER DATA-FOLDER
"use strict";

const fs = require("fs");
const http = require("http");

const [synapse, config, data] = process.argv.slice(2);
const WAITING = "/tmp/waiting";
// Synapse limits how often one may try.
const PAUSE_MS = 10000;

process.umask(0o077);

/** The status and the text of an answer. */
function ask(method, path, headers, body) {
    return new Promise((resolve, reject) => {
        const request = http.request(synapse + path, { method, headers, timeout: 30000 }, (answer) => {
            let text = "";
            answer.setEncoding("utf8");
            answer.on("data", (part) => (text += part));
            answer.on("end", () => resolve({ status: answer.statusCode, text }));
            answer.on("error", reject);
        });
        request.on("timeout", () => request.destroy(new Error("no answer in time")));
        request.on("error", reject);
        request.end(body);
    });
}

/** Whole or not at all. */
function write(path, text) {
    fs.writeFileSync(`${path}.new`, text);
    fs.renameSync(`${path}.new`, path);
}

/** The token of an earlier start, if Synapse still knows it. */
async function keptToken() {
    if (!fs.existsSync(`${data}/token`)) return null;
    const token = fs.readFileSync(`${data}/token`, "utf8");
    const answer = await ask("GET", "/_matrix/client/v3/account/whoami", { Authorization: `Bearer ${token}` });
    if (answer.status === 200) return token;
    if (answer.status === 401) return null;
    throw new Error(`whoami: ${answer.status}`);
}

async function newToken() {
    const login = fs.readFileSync(`${config}/login.json`);
    const answer = await ask("POST", "/_matrix/client/v3/login", { "Content-Type": "application/json" }, login);
    if (answer.status !== 200) throw new Error(`login: ${answer.status}`);
    const token = JSON.parse(answer.text).access_token;
    write(`${data}/token`, token);
    return token;
}

async function main() {
    for (;;) {
        try {
            const token = (await keptToken()) || (await newToken());
            const text = fs.readFileSync(`${config}/config.yaml`, "utf8");
            write(`${data}/config.yaml`, text.replace("@TOKEN@", () => token));
            break;
        } catch (problem) {
            fs.writeFileSync(WAITING, "");
            console.error(`waiting for Synapse to let the account in: ${problem.message}`);
            await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
    }
    if (fs.existsSync(WAITING)) fs.unlinkSync(WAITING);
}

main();
