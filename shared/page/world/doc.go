// Package world is two hosts on a cable, for somebody to look at and to interfere with: what the page in the browser
// shows. Each host runs any of the five parts, and every part talks to every other one.
//
// A World lives in a bubble of testing/synctest. Its time stands still until Step or Advance lets some of it pass, and
// the same Setup with the same actions gives the same history, byte for byte. So a Setup in the words of a URL is a whole
// experiment, and going back in time is to do everything again up to an earlier instant.
//
// Nothing of a part is changed for this: a host is what its package exports.
package world
