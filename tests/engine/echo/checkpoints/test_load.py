import logging
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.echo.__main__ import main
from engine.echo.checkpoints import tiny as tiny_checkpoint
from engine.echo.checkpoints.config_file import dumps, load_config
from engine.echo.checkpoints.folder import (
    BUNDLED_FOLDER,
    CONFIG,
    MODEL,
    CheckpointError,
    find_folder,
)
from engine.echo.checkpoints.load import load_models
from engine.echo.checkpoints.published import CODEC, DIT, PCA, Published, download, find
from engine.echo.codecs.source_filter.codec import SourceFilterCodec
from engine.echo.config import EchoConfig, EndConfig, LengthConfig, SourceFilterConfig
from engine.echo.sizes import TINY
from speech.parameters import ModelParameters
from tests.engine.echo.reference import build_autoencoder, build_dit, relative_error

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    assert main(["tiny-checkpoint", str(folder)]) == 0
    return folder


@pytest.fixture
def copied(tiny, tmp_path):
    """A weights folder to damage: links to the tiny checkpoint's files."""
    for file in (DIT, PCA, CODEC):
        (tmp_path / file.local_name).parent.mkdir(exist_ok=True)
        (tmp_path / file.local_name).symlink_to(tiny / file.local_name)
    (tmp_path / CONFIG).symlink_to(tiny / CONFIG)
    return tmp_path


def _replace(folder, file, tensors):
    (folder / file.local_name).unlink()
    save_file(tensors, folder / file.local_name)


def test_checkpoint_is_the_devices_own_unless_named(tmp_path):
    assert find_folder(None, on_cpu=True) == BUNDLED_FOLDER
    assert find_folder("echo-mini", on_cpu=False) == BUNDLED_FOLDER
    assert find_folder(None, on_cpu=False) is find_folder("echo-tts-base", on_cpu=True) is None
    assert find_folder(str(tmp_path), on_cpu=True) == tmp_path


@pytest.mark.parametrize("name", ["echo-mimi", "/nowhere/weights"])
def test_checkpoint_that_is_none_is_named_with_those_there_are(name):
    with pytest.raises(CheckpointError) as caught:
        find_folder(name, on_cpu=True)
    told = f"weights_dir {name!r} is neither a folder nor echo-tts-base or echo-mini"
    assert str(caught.value) == told


def test_bundled_checkpoint_goes_by_its_name():
    assert load_config(BUNDLED_FOLDER / CONFIG).name == BUNDLED_FOLDER.name


def test_tiny_checkpoint_has_exactly_the_published_tensors(tiny):
    # The reference's own modules take it, with not a name missing or left over.
    dit, codec = build_dit(TINY.dit, 0), build_autoencoder(TINY.codec, 0)
    dit.load_state_dict(load_file(tiny / DIT.local_name), strict=True)
    codec.load_state_dict(load_file(tiny / CODEC.local_name), strict=True)
    pca = load_file(tiny / PCA.local_name)
    assert set(pca) == {"pca_components", "pca_mean", "latent_scale"}


@torch.inference_mode()
def test_load_models_computes_what_the_reference_computes_with_the_file(tiny):
    models = load_models(tiny, CPU, torch.float32, blockwise=True)
    theirs = build_autoencoder(TINY.codec, 0)
    theirs.load_state_dict(load_file(tiny / CODEC.local_name), strict=True)
    z = torch.randn((1, TINY.codec.latent_dim, 12))
    autoencoder = models.codec.autoencoder
    ours = autoencoder.waveform(autoencoder.quantizer.post_module(z))
    assert relative_error(ours, theirs.decode_zq(z)[:, 0]) < 5e-6
    dit = build_dit(TINY.dit, 0)
    dit.load_state_dict(load_file(tiny / DIT.local_name), strict=True)
    voice = torch.randn(8, 80)
    theirs = dit.speaker_norm(dit.speaker_encoder(voice[None]))[0]
    assert relative_error(models.dit.speaker_state(voice), theirs) < 5e-6


def test_load_models_casts_the_transformer_and_keeps_the_codec_in_float32(tiny):
    models = load_models(tiny, CPU, torch.bfloat16, blockwise=False)
    assert {p.dtype for p in models.dit.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in models.codec.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in models.codec.parameters())


def test_load_models_says_what_it_loaded(tiny, caplog):
    with caplog.at_level(logging.INFO, logger="engine.echo.checkpoints.load"):
        load_models(tiny, CPU, torch.float32, blockwise=False)
    assert "loaded echo-tts-base/pytorch_model.safetensors" in caplog.text


def test_load_models_says_how_far_it_is(tiny, caplog, monkeypatch):
    monkeypatch.setattr("engine.echo.checkpoints.load._REPORT_S", 0.0)
    with caplog.at_level(logging.INFO, logger="engine.echo.checkpoints.load"):
        load_models(tiny, CPU, torch.float32, blockwise=False)
    size = (tiny / CODEC.local_name).stat().st_size / 1e9
    reports = [line for line in caplog.messages if line.startswith("loading fish-s1-dac-min/")]
    assert reports[-1].endswith(f" of {size:.2f} GB")


def test_load_models_refuses_a_damaged_file_by_name(copied):
    (copied / PCA.local_name).unlink()
    (copied / PCA.local_name).write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match=r"^echo-tts-base/pca_state.safetensors: "):
        load_models(copied, CPU, torch.float32, blockwise=False)


def test_load_models_refuses_a_tensor_too_few_by_name(copied):
    tensors = load_file(copied / DIT.local_name)
    del tensors["blocks.1.mlp.w3.weight"]
    _replace(copied, DIT, tensors)
    with pytest.raises(CheckpointError, match=r"missing: blocks\.1\.mlp\.w3\.weight$"):
        load_models(copied, CPU, torch.float32, blockwise=False)


def test_load_models_uses_the_rotary_table_of_the_file(copied):
    tensors = load_file(copied / CODEC.local_name)
    name = "quantizer.post_module.freqs_cis"
    tensors[name] = torch.rand_like(tensors[name].float())
    _replace(copied, CODEC, tensors)
    models = load_models(copied, CPU, torch.float32, blockwise=False)
    table = models.codec.autoencoder.quantizer.post_module.freqs_cis
    assert torch.equal(table, tensors[name])


def test_load_models_makes_the_rotary_table_a_file_lacks(tiny, copied):
    tensors = load_file(copied / CODEC.local_name)
    kept = {name: tensor for name, tensor in tensors.items() if "freqs_cis" not in name}
    _replace(copied, CODEC, {name: t for name, t in kept.items() if "causal_mask" not in name})
    models = load_models(copied, CPU, torch.float32, blockwise=False)
    for name in ("quantizer.post_module", "encoder.block.4.block.5"):
        table = models.codec.autoencoder.get_submodule(name).freqs_cis
        assert relative_error(table, tensors[f"{name}.freqs_cis"].float()) < 1e-2


@pytest.mark.parametrize("size", ["smaller", "larger"])
def test_load_models_refuses_a_rotary_table_of_other_size_by_name(copied, size):
    # As where config.json leaves out what it was made with.
    tensors = load_file(copied / CODEC.local_name)
    name = "encoder.block.4.block.5.freqs_cis"
    table = tensors[name]
    tensors[name] = table[:100].clone() if size == "smaller" else torch.cat([table, table])
    _replace(copied, CODEC, tensors)
    message = (
        rf"^fish-s1-dac-min/pytorch_model.safetensors: misshapen: {name} is "
        rf"\({len(tensors[name])}, 8, 2\), not \(2560, 8, 2\)$"
    )
    with pytest.raises(CheckpointError, match=message):
        load_models(copied, CPU, torch.float32, blockwise=False)


def test_config_takes_a_whole_number_however_it_is_written(tmp_path):
    (tmp_path / CONFIG).write_text('{"end": {"frames": 8.0}}')
    frames = load_config(tmp_path / CONFIG).end.frames
    assert (frames, type(frames)) == (8, int)


@torch.inference_mode()
def test_load_models_takes_a_half_precision_file_and_a_codec_without_weights(tmp_path):
    config = replace(TINY, name="echo-mini", codec=SourceFilterConfig())
    tiny_checkpoint.write(tmp_path, config)
    tensors = load_file(tmp_path / MODEL)
    save_file({name: tensor.half() for name, tensor in tensors.items()}, tmp_path / MODEL)
    models = load_models(tmp_path, CPU, torch.float32, blockwise=True)
    assert models.config == config
    assert {p.dtype for p in models.dit.parameters()} == {torch.float32}
    assert isinstance(models.codec, SourceFilterCodec)
    expected = tensors["out_norm.weight"].half().float()
    assert torch.equal(models.dit.out_norm, expected)


def test_load_models_refuses_a_codec_of_other_width(tmp_path):
    dit = replace(TINY.dit, latent_dim=40)
    tiny_checkpoint.write(tmp_path, replace(TINY, dit=dit, codec=SourceFilterConfig()))
    with pytest.raises(CheckpointError, match="source-filter codec has latents of 80 dimensions"):
        load_models(tmp_path, CPU, torch.float32, blockwise=False)


def test_find_names_the_file_a_folder_lacks(tmp_path):
    with pytest.raises(CheckpointError, match=r"^fish-s1-dac-min/pytorch_model.safetensors is not"):
        find(CODEC, tmp_path)


def test_find_takes_what_is_cached_without_the_network(tmp_path, monkeypatch):
    cached = tmp_path / "models--jordand--echo-tts-base"
    snapshot = cached / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / PCA.name).write_bytes(b"x")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find(PCA, None) == snapshot / PCA.name


def test_find_says_what_to_do_when_the_hub_is_out_of_reach(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="HF_TOKEN, or name a folder"):
        find(Published("nobody/nothing", "x"), None)


def test_config_survives_its_file(tmp_path):
    (tmp_path / CONFIG).write_text(dumps(TINY))
    assert load_config(tmp_path / CONFIG) == TINY


def test_config_keeps_published_sizes_it_does_not_name(tmp_path):
    (tmp_path / CONFIG).write_text('{"dit": {"num_layers": 3}}')
    config = load_config(tmp_path / CONFIG)
    assert config.dit.num_layers == 3
    assert config.codec == EchoConfig().codec


def test_config_holds_name_codec_and_how_to_sample(tmp_path):
    config = EchoConfig(
        name="echo-mini",
        codec=SourceFilterConfig(),
        defaults=ModelParameters(num_steps=8, truncation_factor=0.9, sequence_length="auto"),
        end=EndConfig(std=0.2),
        length=LengthConfig(stretch=1.5),
        alignment_heads=((1, 0), (2, 3)),
    )
    (tmp_path / CONFIG).write_text(dumps(config))
    assert load_config(tmp_path / CONFIG) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"dit": {"layers": 3}}', "unknown name 'layers'"),
        ('{"plain_punctuation": 1}', r"plain_punctuation must be true or false, not 1"),
        ('{"dit": {"text": {"dim": 0}}}', r"dit\.text\.dim must be a positive whole number, not 0"),
        (
            '{"codec": {"latent_dim": "wide"}}',
            "latent_dim must be a positive whole .* 'wide'",
        ),
        ('{"end": {"frames": 0.5}}', r"end\.frames must be a positive whole number, not 0\.5"),
        ('{"end": {"frames": Infinity}}', r"end\.frames must be a positive whole number, not inf"),
        ('{"end": {"std": Infinity}}', r"end\.std must be a positive number, not inf"),
        ('{"end": {"std": NaN}}', r"end\.std must be a positive number, not nan"),
        ('{"end": {"std": 1' + "0" * 400 + "}}", r"end\.std must be a positive number, not 10+$"),
        ('{"end": {"std": true}}', r"end\.std must be a positive number, not True"),
        ('{"codec": {"kind": "mp3"}}', "kind must be s1-dac or source-filter, not 'mp3'"),
        ('{"codec": {"kind": "source-filter", "latent_dim": 8}}', "unknown name 'latent_dim'"),
        ('{"name": "two\\nlines"}', r"name must be letters, digits.* not 'two\\nlines'"),
        (
            '{"defaults": {"num_steps": 0}}',
            r"config\.json\.defaults: Invalid parameter 'num_steps'",
        ),
        ('{"alignment_heads": [[1, 0.5]]}', r"alignment_heads must be a list of \[layer, head\]"),
        ('{"alignment_heads": [[24, 0]]}', r"no head of the model: \[24, 0\]"),
        ('{"max_voice_frames": 6401}', "max_voice_frames must be 4 to 6400, not 6401"),
        ('{"defaults": {"steps": 3}}', "Unknown parameter 'steps'"),
        ('{"defaults": 8}', "defaults must be an object, not 8"),
    ],
)
def test_config_refuses_what_does_not_fit(tmp_path, text, message):
    (tmp_path / CONFIG).write_text(text)
    with pytest.raises(ValueError, match=message):
        load_config(tmp_path / CONFIG)


def test_download_that_cannot_be_kept_is_told_apart_from_one_that_does_not_come(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "echo-tts-base"
    with pytest.raises(CheckpointError) as caught:
        download(DIT, folder.parent)
    assert str(caught.value) == (
        f"cannot keep {DIT.name} of {DIT.repo} in {folder}: Not a directory"
    )
