# What Synapse needs, without Synapse: its versions share this.
FROM python
RUN pip install --quiet 'matrix-synapse[postgres,redis,url-preview]==1.163.2' && \
    pip uninstall --quiet --yes matrix-synapse
