// The parameters: one control for each that the contract names, and the presets over them.

/** A checkbox, a list of numbers, or a number, with a slider where both its bounds are known. */
class Control {
  constructor(name, schema) {
    const branches = schema.anyOf ?? [schema];
    const types = ["integer", "number", "boolean", "array"];
    const spec = branches.find(({ type }) => types.includes(type));
    const id = `parameter-${name}`;
    this.name = name;
    this.default = schema.default;
    const label = make("label", { htmlFor: id }, make("code", { textContent: name }));
    const hint = make("p", {
      className: "hint",
      id: `${id}-hint`,
      textContent: schema.description,
    });
    const pair = make("div", { className: "pair" });
    this.element = make("div", { className: "field" }, label, pair, hint);
    if (spec.type === "boolean") {
      this.input = make("input", { type: "checkbox", id });
      pair.append(label);
    } else if (spec.type === "array") {
      const pattern = String.raw`\s*\d+\s*(,\s*\d+\s*)*`;
      this.input = make("input", { type: "text", inputMode: "numeric", id, pattern });
      this.isList = true;
    } else {
      const [min, max] = [spec.minimum ?? spec.exclusiveMinimum, spec.maximum ?? ""];
      const step = spec.type === "integer" ? 1 : 0.05;
      const placeholder = this.default ?? "default";
      this.input = make("input", { type: "number", id, min, max, step, placeholder });
      if (max !== "") this.slide({ min, max, step });
      if (branches.some((branch) => branch.const === "auto")) this.offerAuto(pair);
    }
    this.input.setAttribute("aria-describedby", hint.id);
    this.input.autocomplete = "off"; // a reload brings the default back, and what is told of it
    this.input.addEventListener("input", () => this.show());
    pair.prepend(...(this.slider ? [this.slider] : []), this.input);
    this.value = this.default;
  }

  leaveToModel() {
    this.input.placeholder = "default";
    this.value = this.default = null;
    return this;
  }

  slide(range) {
    this.slider = make("input", { type: "range", ariaLabel: `${this.name}, slider`, ...range });
    this.slider.addEventListener("input", () => (this.value = Number(this.slider.value)));
    this.input.classList.add("beside");
  }

  offerAuto(pair) {
    this.auto = make("input", { type: "checkbox" });
    this.auto.addEventListener(
      "input",
      () => (this.value = this.auto.checked ? "auto" : this.default),
    );
    pair.append(make("label", { className: "pair" }, this.auto, "auto"));
  }

  get value() {
    if (this.input.type === "checkbox") return this.input.checked;
    if (this.auto?.checked) return "auto";
    if (this.input.value === "") return this.default;
    return this.isList ? this.input.value.split(",").map(Number) : Number(this.input.value);
  }

  set value(value) {
    if (this.input.type === "checkbox") this.input.checked = value;
    else this.input.value = value === "auto" ? "" : (value ?? "");
    if (this.auto) this.auto.checked = value === "auto";
    this.show();
  }

  /** Whether what was typed cannot be sent. */
  get isUnreadable() {
    return this.input.validity.badInput || this.input.validity.patternMismatch;
  }

  show() {
    this.input.disabled = Boolean(this.auto?.checked);
    if (!this.slider) return;
    this.slider.disabled = this.input.disabled;
    this.slider.classList.toggle("unset", this.input.value === "");
    this.slider.value = this.value ?? this.slider.min;
  }
}

const controlsOf = (schemas) =>
  Object.entries(schemas).map(([name, schema]) => new Control(name, schema));
// What is left empty is the model's own: a checkpoint may have other defaults than the contract.
const sampler = controlsOf(contract.sampler).map((control) => control.leaveToModel());
const longText = controlsOf(contract.longText);
const [speed] = controlsOf({ speed: contract.speed });
const presets = { Defaults: {}, ...contract.presets };

const controls = {
  /** The parameters that are not at their defaults. */
  changed: () => {
    const changed = [...sampler, ...longText].filter(
      (control) => control.value !== control.default,
    );
    return Object.fromEntries(changed.map((control) => [control.name, control.value]));
  },
  speed: () => speed.value,
  /** The first control that holds no number, if any. */
  unreadable: () => [...sampler, ...longText, speed].find(({ isUnreadable }) => isUnreadable),
};

function showChanges() {
  const holds = (values) =>
    sampler.every(({ name, value, default: usual }) => value === (values[name] ?? usual));
  $("preset").value = Object.keys(presets).find((name) => holds(presets[name])) ?? "Custom";
  const names = [
    ...Object.keys(controls.changed()),
    ...(speed.value === speed.default ? [] : ["speed"]),
  ];
  $("changed").textContent = names.length
    ? `changed: ${names.join(", ")}`
    : "all at their defaults";
}

for (const [title, members] of [
  ["Sampler", sampler],
  ["Long text and tempo", [...longText, speed]],
]) {
  const fields = make("div", { className: "fields" }, ...members.map(({ element }) => element));
  $("parameters").append(make("fieldset", {}, make("legend", { textContent: title }), fields));
}
$("parameters").addEventListener("input", showChanges);

$("preset").append(...[...Object.keys(presets), "Custom"].map((name) => new Option(name)));
$("preset").lastChild.disabled = true; // says that no preset holds, and cannot be chosen
$("preset").addEventListener("change", () => {
  const values = presets[$("preset").value];
  for (const control of sampler) control.value = values[control.name] ?? control.default;
  showChanges();
});
showChanges();
