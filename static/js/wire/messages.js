/**
 * The messages of the pages' sockets, as types. docs/protocol.md says what they
 * mean. This file holds no code: scripts name it in their comments only.
 */

/** @typedef {"requested" | "tapping" | "finished" | "failed" | "lost"} TapState */
/** @typedef {TapState | "untapped"} CallState untapped: it goes on, and no tap of it does */
/** @typedef {"both" | "speak" | "listen"} Direction */

/**
 * @typedef {object} CallNames who speaks in a call
 * @property {string} call_id SignalWire's
 * @property {string} agent
 * @property {string} caller
 * @property {string} caller_name
 */

/**
 * @typedef {object} CallFacts
 * @property {string} id
 * @property {number} version of two messages about a call, the lower one is older
 * @property {CallState} state
 * @property {boolean} over every leg has ended, and so have the words of the call
 * @property {boolean} gone the call itself is over, as far as is known
 * @property {string} reason why it is monitored
 * @property {boolean} needs_notice its team lets nobody hear a leg without a notice
 * @property {string} requested_at
 * @property {string | null} started_at
 * @property {string | null} ended_at
 * @property {string[]} listeners the names of those who listen now
 * @property {Condition[]} attention why a supervisor should look at it, the most severe first
 * @property {Pause} pause nobody hears what is said while it goes on
 * @property {Talk | null} talk null where its parties have not been tapped apart
 * @property {Order | null} order what people asked for, while it is under way or if it failed
 * @property {Leg[]} legs oldest first
 */

/** @typedef {{seconds: number, spoke_at: string}} PartyTalk for how long a party has talked, and when it last did */

/**
 * @typedef {object} Talk who talks in a call whose parties are tapped apart
 * @property {PartyTalk} speak the caller
 * @property {PartyTalk} listen the agent
 * @property {number} overlap seconds in which both talked
 * @property {number} overlaps how often they did
 */

/**
 * @typedef {object} Pause of a call; of two descriptions, the one with fewer changes is older
 * @property {number} changes
 * @property {string | null} since null while the call is not paused
 * @property {string | null} until when it ends by itself
 * @property {string} by the name of the user who ordered it, "" for the call's agent
 */

/** @typedef {"start" | "stop"} OrderKind */
/** @typedef {{kind: OrderKind, error: string}} Order what SignalWire was asked to do; an error says that it failed */

/**
 * @typedef {object} Condition something about a call that holds for some time
 * @property {string} kind help, one_way, dead_air and so on, as docs/protocol.md lists them
 * @property {Direction | null} leg the leg that it is about, or null for the call
 * @property {number} severity above 0
 * @property {string} since when its cause began
 * @property {string} note the agent's reason, where it asks for help, or the tool that fails
 */

/** @typedef {CallNames & CallFacts} Call a call as the server describes it */

/**
 * @typedef {object} LegFacts
 * @property {string} id the tap's
 * @property {string} control_id
 * @property {Direction} direction
 * @property {"PCMU" | "PCMA"} codec
 * @property {"ws" | "rtp"} transport
 * @property {TapState} state
 * @property {number} transitions so far: of two messages about a tap, the newer has more
 * @property {boolean} media a media connection is open now
 * @property {string | null} silent_since since when a live tap has brought no audio, if it brings none
 * @property {string} requested_at
 * @property {string | null} started_at
 * @property {string | null} stop_requested_at from then on no new listener is let in
 * @property {string | null} ended_at
 * @property {string} reason
 * @property {string} notice how the parties were told that it is listened to, or ""
 * @property {string} end_reason
 */

/** @typedef {{end: number, bytes: string}} PackedStrip its newest second in Unix time, and base64 of a byte for each */
/** @typedef {LegFacts & {listeners: number, strip?: PackedStrip}} Leg one tap of a call; a snapshot's have a strip */
/** @typedef {LegFacts & CallNames & {call: string, pause: Pause}} HeardTap a tap as its listener is told of it */

/** @typedef {Partial<Record<string, number>>} Figures what an RTP tap has counted; zeros are left out */

/** @typedef {{type: "alive"}} Alive the keepalive: the server has had nothing else to send */
/** @typedef {{type: "error", reason: string}} Refused a message of the client made no sense */

/**
 * @typedef {object} Hello the first message to a listener
 * @property {"hello"} type
 * @property {string} build names the server's static files, "" in DEBUG
 * @property {number} come_back_ms within which a lost connection is first tried again
 * @property {HeardTap} tap
 * @property {number} rate samples per second
 * @property {number} channels
 * @property {Direction} leg
 * @property {TapState} state
 * @property {boolean} stalled no audio has come for 3 s
 * @property {number} position of the last Frame before this listener's
 */

/** @typedef {{type: "state", state: TapState, stalled: boolean}} StateChange */
/** @typedef {{type: "pause"} & Pause} PauseNews */
/** @typedef {{type: "end", reason: string}} End */
/** @typedef {{type: "clock", sent: number, now: number}} ClockAnswer now: the server's, Unix ms */

/** @typedef {Hello | StateChange | PauseNews | End | ClockAnswer | Alive | Refused} ListenMessage text from /listen */

/** @typedef {{type: "ack", position: number}} Ack */
/** @typedef {{type: "backfill", seconds: number}} Backfill */
/** @typedef {{type: "clock", sent: number}} ClockQuestion sent: this page's clock, ms */
/** @typedef {Ack | Backfill | ClockQuestion} ListenerMessage text to /listen */

/**
 * @typedef {object} Snapshot the first message to a page of calls
 * @property {"snapshot"} type
 * @property {string} build
 * @property {number} come_back_ms as in Hello
 * @property {string} now
 * @property {boolean} attention_watched somebody looks for conditions; otherwise no call has any
 * @property {Call[]} calls
 * @property {Record<string, SaidLine>} [said] what was said last, by call; only for users who may read it
 */
/** @typedef {{type: "call", call: Call}} CallChange */
/** @typedef {{type: "other_calls"}} OtherCalls the user sees other calls than before; a snapshot of those follows */
/** @typedef {{type: "attention", watched: boolean}} AttentionNews a snapshot's `attention_watched` has changed */
/** @typedef {{type: "talk", calls: Record<string, Talk>}} TalkNews the talk of these calls has changed */
/** @typedef {{type: "stall", tap: string, stalled: boolean}} Stall */
/** @typedef {[rms: number, peak: number]} MeterLevel dBFS, -96 to 0 */

/**
 * @typedef {object} Meters sent five times a second by each process that receives taps' audio
 * @property {"meters"} type
 * @property {Record<string, MeterLevel | null>} levels by tap; null where its audio has stopped
 * @property {Record<string, Figures>} [packets] by RTP tap; one message in five has them
 * @property {number} [second] the Unix time of `bars`, which one message in five has
 * @property {string} [bars] base64 of a byte for each of `levels`, in their order
 */

/** @typedef {{arguments: string, result: string, milliseconds: number | null, error: string}} ToolUse how a tool was used */

/**
 * @typedef {object} SaidLine one line of a conversation
 * @property {string} at when it was said, or done
 * @property {"caller" | "agent" | "tool" | "note"} side
 * @property {string} text what was said, the tool's name, or what happened
 * @property {boolean} recorded it is from the record of the call
 * @property {boolean} interrupted the caller interrupted it
 * @property {boolean} error something went wrong
 * @property {boolean} partial it is not yet recognized to its end
 * @property {number | null} latency seconds in which the agent answered
 * @property {ToolUse | null} tool
 */

/** @typedef {{from: string, until: string, lines: SaidLine[]}} SaidWindow all lines of a call in that time */
/** @typedef {{type: "words", call: string} & (SaidWindow | {from: null, until: null, lines: null})} WordsNews no lines: all has changed */

/** @typedef {Snapshot | CallChange | AttentionNews | OtherCalls | TalkNews | WordsNews | Stall | Meters | Alive | Refused} ConsoleMessage text from /console */

/**
 * @typedef {object} TimelineEntry something that happened to a leg of a call
 * @property {string} at
 * @property {Direction | ""} direction of the leg, "" for the whole call
 * @property {TapState | ""} state its new state, if that changed
 * @property {string} title
 * @property {string} words more about a new state
 */

/** @typedef {{entries: TimelineEntry[]}} CallTimeline what /calls/<id>/timeline answers */

export {};
