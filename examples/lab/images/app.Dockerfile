FROM scratch
COPY app /
USER 65534:65534
ENTRYPOINT ["/bin/app"]
