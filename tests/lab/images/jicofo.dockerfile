# The contract of Jitsi's jicofo image: what it asks for, its port, its health. Not the program itself.
# name: ghcr.io/jitsi/jicofo:stable-11146-2
FROM python
COPY contract/contract.py /usr/local/bin/contract
COPY contract/jicofo.json /usr/local/share/contract.json
COPY jitsi/healthcheck.sh /usr/local/bin/healthcheck.sh
RUN install -d -o 1000 -g 1000 /config /storage
ENV HEALTH_URL=http://127.0.0.1:8888/about/health
USER 1000:1000
VOLUME /config
EXPOSE 8888/tcp
ENTRYPOINT ["contract"]
