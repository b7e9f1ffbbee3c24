// The calls of the labelling desk, and how they can fail.
//
//   next       {hold: [lease id]}                                       -> next
//   answers    {lease_id, answer, active_seconds, note, hold or null}   -> {label, today, next or null}
//   changes    {label_id, answer, idempotency_key}                      -> {label, today}
//   undo       {label_id}                                               -> {previous_answer}
//   skip       {lease_id, reason}                                       -> {}
//   release    {lease_ids}                                              -> {}
//   beat       {lease_ids, is_active}                 -> {lease_ids, seconds_since_break, break_is_due, notice}
//
// next: {lease, message, code, retry_at}. lease is {id, payload, schema, instructions_version,
// suggestion, content_warning, is_training} or null, with a message saying why, the code of the
// problem ("" where nothing waits) and from when on it may be asked again.
// label: {id, message, notice, feedback}; today: {earned_text}.
// Every refusal is a problem document (RFC 9457).

// The server could not be reached, or asks to be left alone for a while: try again later.
export class Unreachable extends Error {}

// The person must sign in again, here or in the tab that signed out; nothing was lost. An ended
// session shows first in its form token, so that 403 says the same as 401.
export class SignedOut extends Error {}

// The server understood and said no; the message is a sentence for the person.
export class Refused extends Error {}

const TIMEOUT_MILLISECONDS = 20_000;
const TRY_LATER = new Set([408, 425, 429]);
const SIGN_IN_AGAIN = new Set([401, 403]);

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

async function failure(response) {
  if (response.status >= 500 || TRY_LATER.has(response.status)) return new Unreachable();
  if (SIGN_IN_AGAIN.has(response.status) || response.redirected) return new SignedOut();
  const problem = await problemOf(response);
  return new Refused(problem.detail ?? problem.title ?? "This answer could not be used.");
}

export class LabelApi {
  constructor(url, csrfToken) {
    this.url = url;
    this.csrfToken = csrfToken;
  }

  async #post(path, body) {
    let response;
    try {
      response = await fetch(`${this.url}/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrfToken },
        body: JSON.stringify(body),
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
    } catch {
      throw new Unreachable();
    }
    if (!response.ok || response.redirected) throw await failure(response);
    return response.json();
  }

  next(hold) { return this.#post("next", { hold }); }

  // A lease takes one answer, so sending it twice is harmless; a change needs a key for that.
  // `hold` names what the page has already, or is null where it wants no other task.
  answer({ lease_id, revises, answer, active_seconds, note, idempotency_key }, hold) {
    if (revises) return this.#post("changes", { label_id: revises, answer, idempotency_key });
    return this.#post("answers", { lease_id, answer, active_seconds, note: note ?? "", hold });
  }

  skip(leaseId, reason) { return this.#post("skip", { lease_id: leaseId, reason }); }

  release(leaseIds) { return this.#post("release", { lease_ids: leaseIds }); }

  undo(labelId) { return this.#post("undo", { label_id: labelId }); }

  // The task on the screen comes first: the time is counted to it.
  beat(leaseIds, isActive) { return this.#post("beat", { lease_ids: leaseIds, is_active: isActive }); }
}
