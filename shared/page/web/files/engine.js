"use strict";
// The program: the Go code of all five parts, compiled for the browser. Its functions answer with {value} or {error};
// here an error is thrown.

const engine = {
  module: null,   // compiled once; each start makes an instance of its own
  calls: null,    // make, close, step, advance, seek, act, view, bytes, history, capture, judge, catalog
  onCrash: null,  // told the stack trace of a panic
};

// load decodes the program. It came as a script, as a page that was opened from the disk may load nothing else.
engine.load = async function () {
  const text = atob(globalThis.fbfProgram);
  globalThis.fbfProgram = "";
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  engine.module = await WebAssembly.compile(await new Response(stream).arrayBuffer());
};

// start starts an instance and returns when its functions are there.
engine.start = async function () {
  const go = new Go();
  const said = [];
  const decoder = new TextDecoder();
  let line = "";
  // What the program says on stderr: the stack trace, if it ends by a panic.
  globalThis.fs.writeSync = (fd, buffer) => {
    line += decoder.decode(buffer, { stream: true });
    const lines = line.split("\n");
    line = lines.pop();
    said.push(...lines);
    if (said.length > 500) said.splice(0, said.length - 500);
    return buffer.length;
  };
  const ready = new Promise(resolve => { globalThis.fbfReady = resolve; });
  const instance = await WebAssembly.instantiate(engine.module, go.importObject);
  go.run(instance).then(() => {
    engine.calls = null;
    engine.onCrash?.(said.join("\n"));
  });
  engine.calls = await ready;
};

// call calls one of the program's functions.
engine.call = function (name, ...args) {
  if (!engine.calls) throw new Error("the program has stopped");
  const answer = engine.calls[name](...args);
  if (!answer) throw new Error("the program has stopped");
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value;
};
