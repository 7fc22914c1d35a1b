# pgAdmin's contract: what it asks for, its port, its server list, its ping. Not pgAdmin itself.
# name: dpage/pgadmin4:9.18
FROM python
COPY contract/contract.py /usr/local/bin/contract
COPY contract/pgadmin.json /usr/local/share/contract.json
RUN install -d -o 5050 -g 0 /var/lib/pgadmin /pgadmin4
USER 5050:0
VOLUME /var/lib/pgadmin
EXPOSE 80/tcp 443/tcp
ENTRYPOINT ["contract"]
