# synapse-admin's contract: its files' place, its port, its configuration. Not the program itself.
# name: awesometechnologies/synapse-admin:0.11.4
FROM nginx
RUN mkdir -p /app && echo '<!doctype html><title>Synapse-Admin</title>' >/app/index.html
RUN echo '{}' >/app/config.json
EXPOSE 80/tcp
ENTRYPOINT ["serve-files","/app","80","/app/config.json"]
