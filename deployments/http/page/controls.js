// The parameters: one control for each that the contract names, and the presets over them. What is
// left as it is, is left to the model: a checkpoint may have other defaults than the contract.

/** A checkbox, a list of numbers, or a number, with a slider where both its bounds are known. */
class Control {
  constructor(name, schema) {
    const branches = schema.anyOf ?? [schema];
    const types = ["integer", "number", "boolean", "array"];
    const spec = branches.find(({ type }) => types.includes(type));
    const id = `parameter-${name}`;
    this.name = name;
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
      this.input = make("input", { type: "number", id, min, max, step });
      if (max !== "") this.slide({ min, max, step });
      if (branches.some((branch) => branch.const === "auto")) this.offerAuto(pair, max);
    }
    this.input.setAttribute("aria-describedby", hint.id);
    this.input.autocomplete = "off";
    this.input.addEventListener("input", () => this.showSlider());
    this.input.addEventListener("change", () => this.show()); // emptied: perhaps for another number
    pair.prepend(...(this.slider ? [this.slider] : []), this.input);
    this.standAt(schema.default);
  }

  slide(range) {
    this.slider = make("input", { type: "range", ariaLabel: `${this.name}, slider`, ...range });
    this.slider.addEventListener("input", () => (this.value = Number(this.slider.value)));
    this.input.classList.add("beside");
  }

  offerAuto(pair, max) {
    this.auto = make("input", { type: "checkbox" });
    this.auto.addEventListener("input", () => {
      const otherwise = this.default === "auto" ? max : null;
      this.value = this.auto.checked ? "auto" : otherwise;
    });
    pair.append(make("label", { className: "pair" }, this.auto, "auto"));
  }

  /** Shows `value` as what holds where nothing is set. */
  standAt(value) {
    const set = this.default === undefined ? null : this.value;
    this.default = value;
    this.input.placeholder = value === null ? "none" : String(value).replaceAll(",", ", ");
    if (this.isUnreadable) this.show(); // what was begun stays as it was typed
    else this.value = set;
  }

  /** What is set here; null: nothing, the default holds. */
  get value() {
    if (this.input.type === "checkbox") {
      return this.input.checked === this.default ? null : this.input.checked;
    }
    if (this.isAuto) return "auto";
    if (this.input.value === "") return null;
    return this.isList ? this.input.value.split(",").map(Number) : Number(this.input.value);
  }

  set value(value) {
    if (this.input.type === "checkbox") this.input.checked = value ?? this.default;
    else this.input.value = value === "auto" ? "" : (value ?? "");
    this.isAuto = value === "auto";
    this.show();
  }

  /** Whether what was typed cannot be sent. */
  get isUnreadable() {
    return this.input.validity.badInput || this.input.validity.patternMismatch;
  }

  show() {
    const value = this.value ?? this.default;
    if (this.auto) this.auto.checked = value === "auto";
    this.input.disabled = value === "auto";
    this.showSlider();
  }

  showSlider() {
    if (!this.slider) return;
    const value = this.value ?? this.default;
    this.slider.disabled = this.input.disabled;
    this.slider.classList.toggle("unset", typeof value !== "number");
    this.slider.value = typeof value === "number" ? value : this.slider.min;
  }
}

const controlsOf = (schemas) =>
  Object.entries(schemas).map(([name, schema]) => new Control(name, schema));
const sampler = controlsOf(contract.sampler);
const parameters = [...sampler, ...controlsOf(contract.longText)];
const [speed] = controlsOf({ speed: contract.speed });
const presets = { Defaults: {}, ...contract.presets };

const controls = {
  /** The parameters that are set. */
  changed: () =>
    Object.fromEntries(
      parameters.filter(({ value }) => value !== null).map(({ name, value }) => [name, value]),
    ),
  speed: () => speed.value ?? speed.default,
  /** The first control that holds no number, if any. */
  unreadable: () => [...parameters, speed].find(({ isUnreadable }) => isUnreadable)?.input,
  /** Sets what an earlier `changed` and `speed` gave. */
  restore: (values, tempo) => {
    for (const control of parameters) control.value = values[control.name] ?? null;
    speed.value = tempo === speed.default ? null : tempo;
    showChanges();
  },
  /** Takes the loaded model's own defaults, by name. */
  standAt: (defaults) => {
    for (const control of parameters) {
      const value = defaults[control.name];
      const isNew = JSON.stringify(value) !== JSON.stringify(control.default);
      if (value !== undefined && isNew) control.standAt(value);
    }
    showChanges();
  },
};

function showChanges() {
  const holds = (values) => sampler.every(({ name, value }) => value === (values[name] ?? null));
  $("preset").value = Object.keys(presets).find((name) => holds(presets[name])) ?? "Custom";
  const changed = [...parameters, speed].filter(({ value }) => value !== null);
  $("changed").textContent = changed.length
    ? `changed: ${changed.map(({ name }) => name).join(", ")}`
    : "all at their defaults";
  $("reset").disabled = !changed.length;
}

for (const [title, members] of [
  ["Sampler", sampler],
  ["Long text and tempo", [...parameters.slice(sampler.length), speed]],
]) {
  const fields = make("div", { className: "fields" }, ...members.map(({ element }) => element));
  $("reset").before(make("fieldset", {}, make("legend", { textContent: title }), fields));
}
$("parameters").addEventListener("input", showChanges);

$("preset").append(...[...Object.keys(presets), "Custom"].map((name) => new Option(name)));
$("preset").lastChild.disabled = true; // says that no preset holds, and cannot be chosen
$("preset").addEventListener("change", () => {
  const values = presets[$("preset").value];
  for (const control of sampler) control.value = values[control.name] ?? null;
  showChanges();
});
showChanges();
