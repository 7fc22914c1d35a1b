# The contract of Jitsi's jvb image: what it asks for, its port, its health. Not the program itself.
# name: ghcr.io/jitsi/jvb:stable-11146-2
FROM python
COPY contract/contract.py /usr/local/bin/contract
COPY contract/jvb.json /usr/local/share/contract.json
COPY jitsi/healthcheck.sh /usr/local/bin/healthcheck.sh
RUN install -d -o 1000 -g 1000 /config /storage
ENV HEALTH_URL=http://127.0.0.1:8080/about/health
USER 1000:1000
VOLUME /config
EXPOSE 8080/tcp 10000/udp
ENTRYPOINT ["contract"]
