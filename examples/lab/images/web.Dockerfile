FROM scratch
COPY web /
EXPOSE 80
ENTRYPOINT ["/bin/web"]
