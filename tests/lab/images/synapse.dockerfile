# The contract of Synapse's official image, without Synapse.
FROM synapse-requirements
COPY synapse/start.py /start.py
ENV SYNAPSE_CONFIG_DIR=/data
VOLUME /data
EXPOSE 8008/tcp 8009/tcp 8448/tcp
HEALTHCHECK CMD curl -fSs http://localhost:8008/health || exit 1
ENTRYPOINT ["/start.py"]
