# Element's contract: its files' place, its port, its configuration, its user. Not Element itself.
# name: ghcr.io/element-hq/element-web:v1.12.26
# name: vectorim/element-web:v1.12.26
FROM nginx
RUN mkdir -p /app && echo '<!doctype html><title>Element</title>' >/app/index.html
RUN echo '{"default_server_config":{}}' >/app/config.json
ENV ELEMENT_WEB_PORT=80
USER nginx
EXPOSE 80/tcp
HEALTHCHECK CMD wget -q --spider http://localhost:$ELEMENT_WEB_PORT/config.json
ENTRYPOINT ["/bin/sh","-c","exec serve-files /app $ELEMENT_WEB_PORT /app/config.json"]
