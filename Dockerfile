# The RunPod worker; with another command, the HTTP server:
#   docker build --platform linux/amd64 -t echo-tts .
#   docker run --gpus all -p 127.0.0.1:8000:8000 --shm-size 3g \
#     -v ./voices:/runpod-volume/echo-tts/audio_voices:ro echo-tts python -m serve_app serve
#
# torch's wheels bring the CUDA 13 runtime and every other wheel its own libraries; a CUDA base
# image would hold the same once more. The host brings the driver: 580 or newer.
FROM python:3.12-slim-bookworm

# What NVIDIA's own images set: which GPUs the container sees and which driver parts it needs.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONUNBUFFERED=1

# Triton builds the launcher of each kernel with a C compiler, torch.compile on a CPU with a C++ one.
# KubeRay asks its pods whether they are ready with wget.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ wget \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app

# The gigabytes first: this layer changes with requirements.txt only.
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

# The image of Python brings it without bytecode, and the user below may not write any: each of a
# dozen processes would compile at every start.
RUN python -m compileall -q -x site-packages /usr/local/lib/python3.12

# RunPod mounts its volume over /runpod-volume; without one these folders serve.
RUN useradd --create-home --uid 1000 echo \
    && install --directory --owner echo --group echo \
        /runpod-volume/echo-tts/audio_voices /runpod-volume/echo-tts/kernels \
        /runpod-volume/huggingface-cache

COPY speech/ speech/
COPY engine/ engine/
COPY checkpoints/ checkpoints/
COPY deployments/ deployments/
COPY serve_app/ serve_app/
COPY LICENSE handler.py runpod_entry.py test_input.json ./
RUN python -m compileall -q .

# HF_HOME is where RunPod puts an endpoint's cached model. Compiled kernels outlive the worker on the
# volume. Ray would size its shared memory by the host's RAM, which /dev/shm of a container lacks.
ENV HOST=0.0.0.0 \
    PORT=8000 \
    AUDIO_VOICES_DIR=/runpod-volume/echo-tts/audio_voices \
    HF_HOME=/runpod-volume/huggingface-cache \
    TRITON_CACHE_DIR=/runpod-volume/echo-tts/kernels/triton \
    TORCHINDUCTOR_CACHE_DIR=/runpod-volume/echo-tts/kernels/inductor \
    ECHO_RAY_OBJECT_STORE_BYTES=2147483648

EXPOSE 8000
USER echo

# Exec form: Python is the first process and gets SIGTERM itself, without a shell in between.
CMD ["python", "handler.py"]
