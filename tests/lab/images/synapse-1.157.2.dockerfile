# Synapse 1.157.2 of PyPI, with the contract of its official image.
# name: ghcr.io/element-hq/synapse:v1.157.2
# name: matrixdotorg/synapse:v1.157.2
FROM synapse
RUN pip install --quiet --no-deps matrix-synapse==1.157.2
RUN pip check
