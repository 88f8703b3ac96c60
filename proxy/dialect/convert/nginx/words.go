package nginx

const (
	processWord = "a setting of nginx's own process"
	bufferWord  = "bodies are passed on as they come"
	cacheWord   = "responses are not cached"
	tlsWord     = "the proxy has its own settings of TLS"
)

// impliedWords are directives that the proxy needs nothing for, and why.
var impliedWords = map[string]string{
	"worker_processes": processWord, "worker_rlimit_nofile": processWord, "worker_priority": processWord, "worker_cpu_affinity": processWord, "worker_shutdown_timeout": processWord,
	"worker_connections": processWord, "multi_accept": processWord, "use": processWord, "accept_mutex": processWord, "events": processWord, "pid": processWord, "user": processWord,
	"daemon": processWord, "master_process": processWord, "pcre_jit": processWord, "load_module": processWord, "thread_pool": processWord, "timer_resolution": processWord, "env": processWord,
	"error_log": "errors are logged on stderr", "rewrite_log": "errors are logged on stderr", "log_not_found": "errors are logged on stderr", "log_subrequest": "errors are logged on stderr",
	"sendfile": processWord, "sendfile_max_chunk": processWord, "tcp_nopush": processWord, "tcp_nodelay": processWord, "aio": processWord, "directio": processWord, "open_file_cache": processWord,
	"open_file_cache_valid": processWord, "open_file_cache_min_uses": processWord, "open_file_cache_errors": processWord, "open_log_file_cache": processWord, "output_buffers": processWord,
	"postpone_output": processWord, "types_hash_max_size": processWord, "types_hash_bucket_size": processWord, "server_names_hash_bucket_size": processWord, "server_names_hash_max_size": processWord,
	"variables_hash_max_size": processWord, "variables_hash_bucket_size": processWord, "map_hash_bucket_size": processWord, "map_hash_max_size": processWord, "proxy_headers_hash_max_size": processWord,
	"proxy_headers_hash_bucket_size": processWord, "reset_timedout_connection": processWord, "lingering_close": processWord, "lingering_timeout": processWord, "lingering_time": processWord,
	"keepalive_timeout": "-idle-timeout is how long a client's connection is kept", "keepalive_requests": "connections are kept for any number of requests", "keepalive_disable": "no browser needs it",
	"client_header_timeout": "-head-timeout", "client_body_timeout": "-progress-timeout", "send_timeout": "-progress-timeout", "client_header_buffer_size": "-max-header-bytes",
	"large_client_header_buffers": "-max-header-bytes", "client_body_buffer_size": bufferWord, "client_body_temp_path": bufferWord, "client_body_in_file_only": bufferWord,
	"client_body_in_single_buffer": bufferWord, "client_max_header_size": "-max-header-bytes",
	"server_tokens": "the proxy does not name itself", "server_name_in_redirect": "redirects name no host of the proxy's own", "port_in_redirect": "redirects name no port", "absolute_redirect": "redirects of the proxy's own are paths",
	"underscores_in_headers": "fields with an underscore never go to instances", "ignore_invalid_headers": "messages are read strictly", "merge_slashes": "paths are matched as they were sent",
	"http2": "HTTP/2 is served on every listener", "http2_max_concurrent_streams": "HTTP/2 has its own bounds", "http2_push_preload": "nothing is pushed", "http3": "HTTP/3 is not served",
	"chunked_transfer_encoding": "messages are framed by the proxy", "etag": "files have one", "if_modified_since": "files have it", "types": "types of files are known by their names", "resolver": "the system's DNS is asked",
	"resolver_timeout": "the system's DNS is asked", "proxy_http_version": "instances are spoken to in HTTP/1.1", "proxy_buffering": bufferWord, "proxy_buffers": bufferWord, "proxy_buffer_size": bufferWord,
	"proxy_busy_buffers_size": bufferWord, "proxy_request_buffering": bufferWord, "proxy_max_temp_file_size": bufferWord, "proxy_temp_file_write_size": bufferWord, "proxy_temp_path": bufferWord,
	"proxy_cache_bypass": cacheWord, "proxy_no_cache": cacheWord, "proxy_socket_keepalive": processWord, "proxy_ignore_client_abort": "what a client no longer waits for is not finished", "proxy_pass_request_headers": "they are passed on",
	"proxy_pass_request_body": "it is passed on", "proxy_pass_header": "the instance's fields are passed on", "proxy_headers_hash": processWord, "proxy_ssl_session_reuse": "sessions are used again", "proxy_intercept_errors": "",
	"ssl_session_cache": "sessions are resumed by tickets", "ssl_session_timeout": "sessions are resumed by tickets", "ssl_session_tickets": "sessions are resumed by tickets", "ssl_prefer_server_ciphers": tlsWord, "ssl_ciphers": tlsWord, "ssl_dhparam": tlsWord,
	"ssl_ecdh_curve": tlsWord, "ssl_protocols": "TLS 1.2 and 1.3 are spoken", "ssl_buffer_size": tlsWord, "ssl_early_data": "no request is taken before the handshake is done", "ssl_conf_command": tlsWord, "ssl": "listeners of TLS are -tls-listen",
	"ssl_verify_depth": "chains are verified whole",
	"gzip_comp_level":  "the level is the proxy's", "gzip_vary": "responses have Vary", "gzip_proxied": "responses are compressed whoever asks", "gzip_disable": "no browser needs it", "gzip_http_version": "responses to HTTP/1.0 are not compressed", "gzip_buffers": processWord,
	"gzip_static": "files that stand compressed beside others are sent", "gunzip": "instances are asked for what the client accepts",
	"limit_conn_log_level": "connections are not counted", "limit_conn_status": "connections are not counted", "limit_req_dry_run": "", "auth_delay": "", "access_log": "", "auth_basic_user_file": "",
	"limit_req_log_level": "refused requests are in the access log", "limit_req_status": "refused requests get 429", "break": "", "uninitialized_variable_warn": processWord, "recursive_error_pages": "the answer to an error is the last one",
	"real_ip_header": "-trusted-proxies", "real_ip_recursive": "-trusted-proxies", "msie_padding": "no browser needs it", "max_ranges": "ranges of files have their bounds", "proxy_next_upstream_timeout": "", "stub_status": "",
	"fastcgi_param": "FastCGI is not supported", "fastcgi_temp_path": processWord, "uwsgi_temp_path": processWord, "scgi_temp_path": processWord, "fastcgi_index": "FastCGI is not supported", "fastcgi_split_path_info": "FastCGI is not supported", "fastcgi_read_timeout": "FastCGI is not supported", "fastcgi_buffers": "FastCGI is not supported",
	"fastcgi_buffer_size": "FastCGI is not supported", "uwsgi_param": "uWSGI is not supported", "uwsgi_read_timeout": "uWSGI is not supported", "keepalive": "connections to instances are kept anyway",
}

// unsupportedWords are directives that are known and not carried over, and why.
var unsupportedWords = map[string]string{
	"charset": "content types are the instance's", "source_charset": "content types are the instance's", "proxy_cache": cacheWord, "proxy_cache_path": cacheWord, "proxy_cache_valid": cacheWord, "proxy_cache_key": cacheWord, "proxy_cache_use_stale": cacheWord,
	"proxy_cache_lock": cacheWord, "proxy_cache_methods": cacheWord, "proxy_cache_min_uses": cacheWord, "proxy_cache_revalidate": cacheWord, "proxy_cache_background_update": cacheWord, "proxy_ignore_headers": cacheWord, "proxy_store": cacheWord,
	"proxy_cookie_path": "cookies are passed on as they are", "proxy_cookie_domain": "cookies are passed on as they are", "proxy_cookie_flags": "cookies are passed on as they are", "proxy_bind": "connections come from the system's address",
	"proxy_method": "methods are passed on as they are", "proxy_set_body": "bodies are passed on as they are", "sub_filter": "bodies are passed on as they are", "sub_filter_once": "bodies are passed on as they are", "sub_filter_types": "bodies are passed on as they are",
	"add_trailer": "trailers are passed on as they are", "autoindex": "folders are never listed", "autoindex_exact_size": "folders are never listed", "autoindex_localtime": "folders are never listed", "autoindex_format": "folders are never listed",
	"mirror": "requests are not mirrored", "mirror_request_body": "requests are not mirrored", "limit_rate": "responses are sent as fast as the client reads", "limit_rate_after": "responses are sent as fast as the client reads", "proxy_limit_rate": "responses are sent as fast as the client reads",
	"split_clients": "what hangs on its variable is not carried over: share= divides a route", "geo": "what hangs on its variable is not carried over: client= names networks", "map": "what hangs on its variable is not carried over",
	"ssl_stapling": "no OCSP answer is sent", "ssl_stapling_verify": "no OCSP answer is sent", "ssl_stapling_file": "no OCSP answer is sent", "ssl_trusted_certificate": "no OCSP answer is sent", "ssl_crl": "lists of revoked certificates are not read",
	"ssl_password_file": "keys with a password can't be read", "ssi": "pages are sent as they are", "proxy_ssl_ciphers": tlsWord, "proxy_ssl_protocols": tlsWord, "geoip_country": "countries are not known", "geoip2": "countries are not known",
	"brotli": "compress=br", "brotli_types": "compress-types=", "brotli_comp_level": "the level is the proxy's", "proxy_ssl_crl": "lists of revoked certificates are not read", "disable_symlinks": "links that lead out of a folder are never followed",
	"try_files": "it stands where nothing looks for files", "status_zone": "metrics are by service and route", "health_check": "health-check= asks instances", "match": "health-check= asks instances", "opentracing": "traces are not written", "pagespeed": "pages are sent as they are",
}
