// The form of a project's rules: show what the chosen kind of answer needs, with an example.

const types = document.querySelector("[data-types]");
const example = document.querySelector("[data-example]");
const choicesField = document.querySelector("[data-choices-field]");
const settings = document.querySelector("[data-settings]");
const fields = ["question", "choices", "settings"].map((id) => document.getElementById(id));

function chosen() {
  return types.querySelector("input:checked");
}

function showWhatItNeeds() {
  const type = chosen();
  if (!type) return;
  const hasChoices = type.dataset.choices === "yes";
  choicesField.hidden = !hasChoices;
  if (!hasChoices) settings.open = true;
  for (const part of ["question", "payload", "answer"]) {
    example.querySelector(`[data-example-${part}]`).textContent = type.dataset[`${part}Example`];
  }
  example.hidden = false;
}

function fillExample() {
  const { questionExample, choicesExample, settingsExample } = chosen().dataset;
  [questionExample, choicesExample, settingsExample].forEach((text, place) => {
    fields[place].value = text;
  });
  fields[0].focus();
}

if (types) {
  types.addEventListener("change", showWhatItNeeds);
  example.querySelector("[data-fill-example]").addEventListener("click", fillExample);
  showWhatItNeeds();
}
