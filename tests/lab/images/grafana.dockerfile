# Grafana's contract: its health and metrics, its provisioning files read strictly, its
# administrator's password in a database that only a command changes. Not Grafana itself.
# name: grafana/grafana:13.0.2
FROM python
COPY contract/contract.py /usr/local/bin/contract
COPY contract/grafana.json /usr/local/share/contract.json
RUN ln -s contract /usr/local/bin/grafana
RUN install -d -o 472 -g 0 /var/lib/grafana /etc/grafana/provisioning /var/log/grafana
ENV GF_PATHS_PROVISIONING=/etc/grafana/provisioning
ENV GF_PATHS_DATA=/var/lib/grafana
USER 472:0
WORKDIR /usr/share/grafana
EXPOSE 3000/tcp
ENTRYPOINT ["contract"]
