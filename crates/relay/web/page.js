// The page: which screen is shown, and what each button does.

import { Conversation } from "./conversation.js";
import { copy } from "./clipboard.js";
import { Link } from "./link.js";
import * as store from "./store.js";
import * as talk from "./talk.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);
const SCREENS = ["home", "waiting", "confirm", "talk"];

let link = null;
let conversation = null;
let countdown = 0;

function show(screen, focus = $(screen + "-title")) {
    for (const name of SCREENS) $(name).hidden = name !== screen;
    document.body.classList.toggle("talking", screen === "talk");
    $("leave").hidden = screen !== "talk" || !link || link.over;
    focus?.focus();
}

function pill(state, text) {
    clearInterval(countdown);
    $("pill").dataset.state = state;
    $("pill-text").textContent = text;
}

/** Counts the pill down: "Away, 6 s left". */
function pillUntil(state, text, ms) {
    const end = Date.now() + ms;
    const tick = () => ($("pill-text").textContent = `${text}, ${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s left`);
    pill(state, text);
    tick();
    countdown = setInterval(tick, 250);
}

function problem(id, text) {
    $(id).textContent = text;
    $(id).hidden = !text;
}

function home(text = "") {
    pill("off", "Not connected");
    link = null;
    problem("problem", text);
    problem("code-problem", "");
    document.title = "Tenure relay";
    show("home");
}

function begin() {
    problem("problem", "");
    problem("code-problem", "");
    link = new Link();
    conversation = new Conversation(link);
    const on = (type, act) => link.addEventListener(type, ({ detail }) => act(detail));
    on("created", waiting);
    on("paired", ({ code }) => {
        talk.clear();
        conversation.began();
        paired(code);
        conversation.note("You are connected. Write a message, or send files by the button, by dropping or by pasting them.");
    });
    on("resumed", resumed);
    on("peer_away", ({ reason, until_ms }) => {
        pillUntil("wait", "Other side away", until_ms);
        conversation.note(`${reason.text} It may come back within ${Math.ceil(until_ms / 1000)} s.`);
    });
    on("peer_back", () => {
        pill("good", "Connected");
        conversation.note("The other side is back.");
        conversation.reconnected();
    });
    on("interrupted", ({ until_ms }) => {
        pillUntil("wait", "Reconnecting", until_ms);
        $("send").disabled = true;
        if (!$("talk").hidden) conversation.note("The connection to the relay was lost. Trying to come back.");
    });
    on("over", over);
    return link;
}

function waiting({ code, expires_ms }) {
    if (expires_ms) link.session.expiresAt = Date.now() + expires_ms;
    conversation.save();
    pill("wait", "Waiting");
    $("shown-code").textContent = code;
    $("qr").src = "/qr.svg?" + new URLSearchParams({ code, origin: location.origin });
    $("share-link").hidden = !navigator.share;
    $("local-hint").hidden = !/^(localhost|127\.|\[::1\])/.test(location.hostname);
    const tick = () => ($("expires").textContent = `The code holds for ${words.clock(link.session.expiresAt - Date.now())}.`);
    if (link.session.expiresAt) {
        tick();
        countdown = setInterval(tick, 1000);
    }
    show("waiting");
}

function paired(code) {
    pill("good", "Connected");
    $("ended").hidden = true;
    $("composer").hidden = false;
    $("send").disabled = false;
    document.title = `${code} - Tenure relay`;
    show("talk", $("text"));
    conversation.save();
}

function resumed({ code, state, peer_away }) {
    if (state === "waiting") return waiting({ code });
    paired(code);
    if (peer_away) pill("wait", "Other side away");
    conversation.note("You are back.");
    conversation.reconnected();
}

function over(reason) {
    const text = words.plainly(reason);
    const talked = link.session?.paired;
    clearInterval(countdown);
    conversation.over(text);
    if (!talked) {
        store.forget();
        if (reason.code === "left") return home();
        home(text);
        if (["no_such_code", "too_many_attempts"].includes(reason.code)) {
            problem("problem", "");
            problem("code-problem", text);
            $("code").focus();
        }
        return;
    }
    ended(text);
}

/** What was said stays readable. */
function ended(text) {
    pill("bad", "Ended");
    $("composer").hidden = true;
    $("ended").hidden = false;
    $("ended-why").textContent = text;
    document.title = "Ended - Tenure relay";
    talk.announce("The session is over. " + text);
    show("talk", $("ended-title"));
}

/** A link is not used up by being opened: previews open links too. */
function ask(code) {
    $("confirm-code").textContent = code;
    $("code").value = code;
    pill("off", "Not connected");
    show("confirm", $("confirm-join"));
}

// A second click must not begin a second session beside the first.
const busy = () => link && !link.over;

function join() {
    const code = words.codeOf($("code").value);
    if (!code) {
        problem("code-problem", words.NO_CODE);
        $("code").focus();
        return;
    }
    if (busy()) return;
    tidyAddress();
    pill("wait", "Joining");
    begin().claim(code);
}

function codeInAddress() {
    return words.codeOf(location.hash.slice(1));
}

/** Once it was answered, it stays out of the history and of what is shared from the address bar. */
function tidyAddress() {
    if (location.hash) history.replaceState(null, "", location.pathname);
}

$("create").addEventListener("click", () => {
    if (busy()) return;
    pill("wait", "Asking for a code");
    begin().create();
});
$("join").addEventListener("submit", (event) => {
    event.preventDefault();
    join();
});
$("code").addEventListener("input", () => problem("code-problem", ""));
$("confirm-join").addEventListener("click", join);
$("confirm-no").addEventListener("click", () => {
    tidyAddress();
    $("code").value = "";
    home();
});
const shareLink = () => `${location.origin}/#${link.session.code}`;
const copied = async (text, what) => talk.say((await copy(text)) ? what + " copied" : "The browser does not allow copying");
$("copy-code").addEventListener("click", () => copied(link.session.code, "Code"));
$("copy-link").addEventListener("click", () => copied(shareLink(), "Link"));
$("share-link").addEventListener("click", () => navigator.share({ title: "Tenure relay", url: shareLink() }).catch(() => {}));
$("cancel").addEventListener("click", () => link.leave());
$("leave").addEventListener("click", () => link.leave());
$("again").addEventListener("click", () => {
    store.forget();
    talk.clear();
    home();
});
addEventListener("hashchange", () => {
    const code = codeInAddress();
    if (code && !busy()) ask(code);
});

const left = store.load();
const code = codeInAddress();
if (code && code !== left?.session?.code) {
    ask(code);
} else if (left?.session?.token && !left.ended) {
    begin();
    conversation.restore(left);
    pill("wait", "Reconnecting");
    link.resume(left.session);
} else if (left?.ended) {
    link = new Link();
    link.over = true;
    conversation = new Conversation(link);
    conversation.restore(left);
    ended(left.ended);
} else {
    home();
}
