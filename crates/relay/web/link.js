// One side of a session: the WebSocket to the relay, the control messages, and coming back after a loss.

const RETRY_FIRST_MS = 150;
const RETRY_MOST_MS = 1500;
// A page that was reloaded may be back before the relay knows that it was away, and is refused then.
const RELAY_NOTICES_MS = 2500;
// A `send` waits above this many bytes in the socket, so that a slow receiver slows the reading of the file.
const SOCKET_FULL = 1 << 20;
const SOCKET_LOOK_MS = 15;

/**
 * A session seen from this page. It tells by events (`detail` is the relay's message, or as said here):
 *
 * - `created`, `paired`, `resumed`, `peer_away`, `peer_back`: as the protocol has them
 * - `data`: a binary frame of the other side, an ArrayBuffer
 * - `interrupted`: our own connection is lost; `{until_ms}`, how long the relay keeps our place
 * - `over`: nothing comes any more; `{code, text, retry_ms}`, a reason of the relay's or of ours
 */
export class Link extends EventTarget {
    constructor() {
        super();
        this.socket = null;
        // What is needed to come back: kept by the caller over a reload.
        this.session = null;
        this.open = false;
        this.over = false;
        this.lostAt = 0;
    }

    /** Asks for a code. */
    create() {
        this.connect({ type: "create", resumable: true });
    }

    /** Takes the other end of the session `code`. */
    claim(code) {
        this.connect({ type: "claim", code, resumable: true });
    }

    /** Comes back to `session`, which an earlier page left. */
    resume(session) {
        this.session = session;
        this.lostAt = Date.now();
        this.connect({ type: "resume", token: session.token });
    }

    /** Ends the session for both sides. */
    leave() {
        if (this.over) return;
        this.say({ type: "leave" });
        this.finish({ code: "left", text: "You ended the session." });
    }

    /** Hands a data frame to the relay; false where there is no connection, and nothing is sent then. */
    send(frame) {
        if (!this.open || this.socket?.readyState !== WebSocket.OPEN) return false;
        this.socket.send(frame);
        return true;
    }

    /** Returns when the socket has room for more; false if the connection was lost meanwhile. */
    async room() {
        const socket = this.socket;
        // There is no event for it.
        while (this.open && socket === this.socket && socket.bufferedAmount > SOCKET_FULL) {
            await new Promise((done) => setTimeout(done, SOCKET_LOOK_MS));
        }
        return this.open && socket === this.socket;
    }

    connect(first) {
        const address = new URL("/v1/pair", location.href);
        address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
        const socket = new WebSocket(address);
        socket.binaryType = "arraybuffer";
        this.socket = socket;
        socket.onopen = () => socket.send(JSON.stringify(first));
        socket.onmessage = ({ data }) => {
            if (socket !== this.socket || this.over) return;
            if (typeof data === "string") this.control(JSON.parse(data));
            else this.tell("data", data);
        };
        socket.onclose = () => {
            if (socket === this.socket && !this.over) this.lost();
        };
    }

    control(message) {
        const { type, ...said } = message;
        if (type === "gone") {
            this.finish(said.reason ?? { code: "ended", text: "The session has ended." });
        } else if (type === "error" && said.code === "stale_token" && Date.now() - this.lostAt < RELAY_NOTICES_MS) {
            this.socket.close();
        } else if (type === "error") {
            this.finish({ code: said.code, text: said.message, retry_ms: said.retry_ms });
        } else {
            if (type === "created" || type === "paired" || type === "resumed") {
                this.open = true;
                this.lostAt = 0;
                this.session = { ...this.session, ...known(said) };
                if (type !== "created" && said.state !== "waiting") this.session.paired = true;
            }
            this.tell(type, said);
        }
    }

    /** The connection broke. With a token we try to come back for as long as the relay keeps our place. */
    lost() {
        this.open = false;
        const grace = this.session?.grace_ms ?? 0;
        if (!this.session?.token || grace === 0) {
            this.finish({ code: "unreachable", text: "The relay cannot be reached. Is it still running?" });
            return;
        }
        if (this.lostAt === 0) {
            this.lostAt = Date.now();
            this.wait = RETRY_FIRST_MS;
            this.tell("interrupted", { until_ms: grace });
        }
        if (Date.now() - this.lostAt > grace) {
            this.finish({ code: "lost", text: "The connection to the relay was lost, and the time to come back is over." });
            return;
        }
        this.wait = Math.min((this.wait ?? RETRY_FIRST_MS) * 1.6, RETRY_MOST_MS);
        setTimeout(() => {
            if (!this.over) this.connect({ type: "resume", token: this.session.token });
        }, this.wait);
    }

    say(message) {
        if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    }

    finish(reason) {
        this.over = true;
        this.open = false;
        this.tell("over", reason);
        this.socket?.close();
    }

    tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}

/** The fields of a message that are worth keeping over a reload. */
function known({ code, token, role, grace_ms, max_frame }) {
    const kept = { code, token, role, grace_ms, max_frame };
    for (const name of Object.keys(kept)) if (kept[name] === undefined || kept[name] === null) delete kept[name];
    return kept;
}
