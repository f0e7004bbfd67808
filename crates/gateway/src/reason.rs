//! Why the edge itself refuses a request.

error::reasons! {
    pub ROUTE_NOT_FOUND = NotFound, "no route has this path", "look the path up in /docs or /openapi.json, and check the version in it";
    pub METHOD_NOT_ALLOWED = Unimplemented, "the path exists, for other methods", "use a method that the Allow header names";
    pub UNSUPPORTED_MEDIA_TYPE = InvalidArgument, "the body is not JSON", "send JSON with content-type application/json";
    pub HEADERS_TOO_LARGE = ResourceExhausted, "the headers are larger than this server accepts", "send fewer or shorter headers";
    pub JSON_TOO_DEEP = InvalidArgument, "the JSON is nested more deeply than this server accepts", "flatten the document";
    pub NUMBER_NOT_EXACT = InvalidArgument, "a number in free-form JSON has more digits than JSON numbers keep, so that it would silently become another one", "send the number as text, in quotes";
    pub PATH_CONTRADICTED = InvalidArgument, "the body gives a field another value than the path does", "send the value of the path in the body too, or leave the field out of the body";
    pub UNKNOWN_FIELD = InvalidArgument, "the JSON has a member, or the query a parameter, that the request does not have", "correct the name; the description suggests similar ones";
    pub INVALID_PARAMETER = InvalidArgument, "a value in the path or the query is not of the field's type", "see the type of the parameter in /docs";
    pub NOTHING_TO_CHANGE = InvalidArgument, "an update names no field to change", "send the fields to change, or an update mask";
    pub NO_CLIENT_STREAMS = Unimplemented, "the method takes a stream of requests, which JSON over HTTP cannot carry", "call the method with gRPC";
    pub UNREADABLE_ANSWER = Internal, "a service answered with bytes that are no such message", "report the request id to whoever runs the server";
}
