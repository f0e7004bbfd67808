//! The web console that the binary carries: its files as they were packed at build time, and its one page for every
//! address that nobody else has. A binary without one says at `/` how to build it.

use axum::{body::Body, response::Response};
use gateway::EdgeConfig;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};

/// A file of the console, plain and packed.
#[derive(Debug)]
struct File {
    path: &'static str,
    etag: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

/// Sorted by path; empty where the binary was compiled without a console.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// What stands at `/` where the binary carries no console.
const START_PAGE: &str = include_str!("start_page.html");
/// Files of its own origin only, and no script or event handler in a page. Styles are set by components as they move.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const START_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers for the console's addresses.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    files: &'static [File],
    headers: HeaderMap,
}

impl Console {
    /// The console of this binary.
    pub(crate) fn new(config: &EdgeConfig) -> Self {
        Self::of(FILES, config)
    }

    fn of(files: &'static [File], config: &EdgeConfig) -> Self {
        const HEADERS: [(HeaderName, &str); 4] = [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                "same-origin",
            ),
        ];
        let mut headers: HeaderMap = HEADERS
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        if config.tls.is_some() {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000; includeSubDomains"),
            );
        }
        Self { files, headers }
    }

    /// The answer, if the request is for a file of the console, or asks for a page where `free` says that nothing
    /// else is.
    pub(crate) fn answer(
        &self,
        request: &Request<Body>,
        free: impl FnOnce(&str) -> bool,
    ) -> Option<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let path = request.uri().path();
        let mut answer = if let Some(file) = self.file(path) {
            file.answer(request.headers())
        } else if path == "/" && self.files.is_empty() {
            start_page()
        } else {
            let page = self.file("/index.html")?;
            if !(path == "/" || (asks_for_page(path, request.headers()) && free(path))) {
                return None;
            }
            page.answer(request.headers())
        };
        answer.headers_mut().extend(self.headers.clone());
        if *request.method() == Method::HEAD {
            answer = answer.map(|_| Body::empty());
        }
        Some(answer)
    }

    fn file(&self, path: &str) -> Option<&'static File> {
        let at = self.files.binary_search_by(|file| file.path.cmp(path));
        at.ok().map(|index| &self.files[index])
    }
}

impl File {
    /// Its bytes in the best form the client takes, for as long as they hold: files with a hash in their name for good.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let packed = |name: &str, bytes: Option<&'static [u8]>| {
            bytes.filter(|_| takes(headers.get(header::ACCEPT_ENCODING), name))
        };
        let (bytes, encoding) = if let Some(bytes) = packed("br", self.brotli) {
            (bytes, Some("br"))
        } else if let Some(bytes) = packed("gzip", self.gzip) {
            (bytes, Some("gzip"))
        } else {
            (self.plain, None)
        };
        let etag = format!("\"{}{}\"", self.etag, encoding.unwrap_or_default());
        let known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag));
        let mut answer = Response::new(if known {
            Body::empty()
        } else {
            Body::from(bytes)
        });
        if known {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let set = answer.headers_mut();
        let mut put = |name, value: &'static str| set.insert(name, HeaderValue::from_static(value));
        put(header::CONTENT_TYPE, content_type(self.path));
        put(header::VARY, "accept-encoding");
        put(header::CONTENT_SECURITY_POLICY, POLICY);
        let lasting = self.path.starts_with("/assets/");
        put(
            header::CACHE_CONTROL,
            if lasting {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            },
        );
        if let Some(encoding) = encoding {
            put(header::CONTENT_ENCODING, encoding);
        }
        set.insert(
            header::ETAG,
            HeaderValue::try_from(etag).expect("hexadecimal digits are plain text"),
        );
        answer
    }
}

fn start_page() -> Response {
    let mut answer = Response::new(Body::from(START_PAGE));
    let headers = answer.headers_mut();
    let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
    put(header::CONTENT_TYPE, "text/html; charset=utf-8");
    put(header::CACHE_CONTROL, "no-cache");
    put(header::CONTENT_SECURITY_POLICY, START_POLICY);
    answer
}

/// Whether someone opens an address in a browser, rather than a program asking for a file that is not there.
fn asks_for_page(path: &str, headers: &HeaderMap) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let html = headers.get_all(header::ACCEPT).iter().any(|value| {
        let value = value.to_str().unwrap_or_default();
        value.contains("text/html")
    });
    html && !last.contains('.') && !path.starts_with("/assets/")
}

/// Whether a client takes an encoding: it names it, or `*`, and not with `q=0`.
fn takes(header: Option<&HeaderValue>, encoding: &str) -> bool {
    let Some(text) = header.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let quality = |wanted: &str| {
        text.split(',').find_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(wanted);
            let q = parts.find_map(|part| part.strip_prefix("q="));
            named.then(|| q.and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0))
        })
    };
    quality(encoding)
        .or_else(|| quality("*"))
        .is_some_and(|q| q > 0.0)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SAMPLE: &[File] = &[
        File {
            path: "/assets/app-1a2b.js",
            etag: "1",
            plain: b"let a",
            gzip: Some(b"gz"),
            brotli: Some(b"br"),
        },
        File {
            path: "/index.html",
            etag: "2",
            plain: b"<html>",
            gzip: None,
            brotli: None,
        },
    ];

    fn ask(files: &'static [File], path: &str, headers: &[(HeaderName, &str)]) -> Option<Response> {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(name, HeaderValue::try_from(*value).expect("plain text"));
        }
        Console::of(files, &EdgeConfig::default()).answer(&request, |path| path != "/docs")
    }

    fn header_of(answer: &Response, name: HeaderName) -> &str {
        answer
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().expect("plain text"))
    }

    const HTML: (HeaderName, &str) = (header::ACCEPT, "text/html,application/xhtml+xml");

    #[test]
    fn files_with_a_hash_last_and_come_as_packed_as_the_client_takes_them() {
        let path = "/assets/app-1a2b.js";
        let answer = |takes| ask(SAMPLE, path, &[(header::ACCEPT_ENCODING, takes)]).expect("there");
        for (takes, gets) in [
            ("gzip, deflate, br", "br"),
            ("gzip;q=0.8, br;q=0", "gzip"),
            ("*", "br"),
            ("identity", ""),
        ] {
            let answer = answer(takes);
            assert_eq!(
                header_of(&answer, header::CONTENT_ENCODING),
                gets,
                "{takes}"
            );
        }
        let got = answer("br");
        assert!(header_of(&got, header::CACHE_CONTROL).contains("immutable"));
        assert!(!header_of(&got, header::CONTENT_SECURITY_POLICY).contains("script-src 'unsafe"));
        let etag = header_of(&got, header::ETAG).to_owned();
        let again = ask(
            SAMPLE,
            path,
            &[
                (header::ACCEPT_ENCODING, "br"),
                (header::IF_NONE_MATCH, &etag),
            ],
        );
        assert_eq!(again.expect("there").status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn a_browser_gets_the_page_wherever_nothing_else_is() {
        for path in ["/", "/meaning/entities/01a1?tab=history"] {
            let answer = ask(SAMPLE, path, &[HTML]).expect("a page");
            assert_eq!(
                header_of(&answer, header::CONTENT_TYPE),
                "text/html; charset=utf-8"
            );
            assert_eq!(header_of(&answer, header::CACHE_CONTROL), "no-cache");
        }
        assert!(ask(SAMPLE, "/docs", &[HTML]).is_none(), "someone else's");
        assert!(
            ask(SAMPLE, "/assets/gone-9.js", &[HTML]).is_none(),
            "an old file"
        );
        assert!(ask(SAMPLE, "/meaning/entities", &[]).is_none(), "a program");
    }

    #[test]
    fn a_binary_without_a_console_says_how_to_build_it() {
        assert!(ask(&[], "/", &[HTML]).is_some());
        assert!(ask(&[], "/meaning/entities", &[HTML]).is_none());
        assert!(START_PAGE.contains("make console"));
    }
}
