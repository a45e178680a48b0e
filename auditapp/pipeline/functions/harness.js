// What stands around the code of a function: Segment's errors, console, and one call at a time.
//
// All that is used later is taken here, before any code of others runs: what that code does to prototypes and globals is its own
// misfortune. Only primitive texts leave, and each is measured before it does.
(() => {
  "use strict";
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const own = (method) => Function.prototype.call.bind(method);
  const slice = own(String.prototype.slice);
  const wellFormed = own(String.prototype.toWellFormed);
  const then = own(Promise.prototype.then);
  const promised = Promise.resolve.bind(Promise);
  const text = String;
  const globals = globalThis;
  const handlers = {
    track: "onTrack", identify: "onIdentify", page: "onPage", screen: "onScreen", group: "onGroup", alias: "onAlias",
  };

  const named = (name) => {
    const kind = class extends Error {};
    Object.defineProperty(kind, "name", { value: name });
    Object.defineProperty(kind.prototype, "name", { value: name });
    globals[name] = kind;
    return kind;
  };
  const kinds = [
    ["unsupported_event_type", named("EventNotSupported")],
    ["message_rejected", named("InvalidEventPayload")],
    ["message_rejected", named("ValidationError")],
    ["retry", named("RetryError")],
    ["dropped", named("DropEvent")],
  ];
  globals.fetch = () => {
    throw new Error("A function here calls nobody: there is no fetch().");
  };

  // Logs, as the inside of a JSON list.
  let logged = "", lines = 0, logRoom = 0;
  const shown = (value) => {
    if (typeof value === "string") return value;
    try {
      const json = value instanceof Error ? undefined : stringify(value);
      return typeof json === "string" ? json : text(value);
    } catch {
      return "(this cannot be shown)";
    }
  };
  const log = (...values) => {
    if (lines >= 100 || logRoom <= 0) return;
    let line = "";
    for (let n = 0; n < values.length && line.length < 2000; n++) line += (n ? " " : "") + slice(shown(values[n]), 0, 2000);
    line = stringify(wellFormed(slice(line, 0, 2000)));
    logged += (lines ? "," : "") + line;
    lines += 1;
    logRoom -= line.length;
  };
  globals.console = { log, info: log, warn: log, error: log, debug: log };

  let results = null, count = 0, maxLength = 0, state = "", message = "", payload = "";

  const say = (error) => {
    try {
      const said = error instanceof Error ? error.message : error;
      return wellFormed(slice(typeof said === "string" ? said : text(said), 0, 500));
    } catch {
      return "";
    }
  };
  const failed = (error) => {
    let code = "bad_request";
    try {
      for (let n = 0; n < kinds.length; n++) if (error instanceof kinds[n][1]) code = kinds[n][0];
    } catch {}
    return { failed: code, message: say(error) };
  };
  // A result is an event, nothing, or what failed; one with `failed` that is not ours is told apart by identity.
  const ours = new WeakSet();
  const isOurs = own(WeakSet.prototype.has);
  const keep = own(WeakSet.prototype.add);
  const settled = (value) => { results = { value }; };
  const rejected = (error) => { const one = failed(error); keep(ours, one); results = { value: one }; };

  globals.__harness = {
    // Calls the handler of one event, or onBatch with all of them; gives whether it is done.
    begin(eventsJson, settingsJson, isBatch, length, room) {
      results = null; count = length; maxLength = room; logged = ""; lines = 0; logRoom = 16000;
      try {
        const given = parse(eventsJson), settings = parse(settingsJson);
        const handler = globals[isBatch ? "onBatch" : handlers[given.type]] ?? find(isBatch ? "onBatch" : handlers[given.type]);
        if (typeof handler !== "function") {
          const none = { failed: "unsupported_event_type", message: "The function has no " + handlers[given.type] + "()." };
          keep(ours, none);
          results = { value: none };
          return true;
        }
        const result = handler(given, settings);
        if (result !== null && typeof result === "object" && typeof result.then === "function") {
          then(promised(result), settled, rejected);
        } else {
          results = { value: result };
        }
      } catch (error) {
        rejected(error);
      }
      return results !== null;
    },
    isDone: () => results !== null,
    // Looks at the result of one event; afterwards state(), message() and payload() tell of it.
    pick(index, isBatch) {
      state = "passed"; message = ""; payload = "";
      try {
        let value = results.value;
        const whole = value !== null && typeof value === "object" && isOurs(ours, value);
        if (isBatch && !whole) {
          if (!isArray(value) || value.length !== count) {
            state = "bad_request";
            message = "onBatch() returns a list with as many places as it was given.";
            return;
          }
          value = value[index];
          if (value instanceof Error) { value = failed(value); keep(ours, value); }
        }
        if (value === undefined || value === null) { state = "dropped"; return; }
        if (typeof value === "object" && isOurs(ours, value)) { state = value.failed; message = value.message; return; }
        const json = stringify(value);
        if (typeof json !== "string") { state = "dropped"; return; }
        if (json.length > maxLength) { state = "message_rejected"; message = "The event that came back is too large."; return; }
        payload = json;
      } catch (error) {
        state = "bad_request";
        message = say(error);
      }
    },
    state: () => state,
    message: () => stringify(message),
    payload: () => payload,
    // In one piece: a text that was put together is a tree of pieces, which the engine's other side cannot read.
    logs: () => wellFormed(logged),
  };
  // Functions that were declared with const or let are no properties of the global object.
  let find = () => undefined;
  globals.__harness.finder = (finder) => { find = finder; };
})();
