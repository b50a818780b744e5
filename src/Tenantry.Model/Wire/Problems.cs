namespace Tenantry.Model.Wire;

/// <summary>An RFC 9457 problem: the body (<c>application/problem+json</c>) of every answer that is not a success.</summary>
public sealed record ProblemResponse
{
    /// <summary><c>urn:tenantry:problem:</c> and <see cref="Code"/>.</summary>
    public string Type { get; init; } = "about:blank";

    /// <summary>The same for every problem of this type.</summary>
    public string Title { get; init; } = "";

    /// <summary>The status of the answer.</summary>
    public int Status { get; init; }

    /// <summary>The sentence that a person needs.</summary>
    public string Detail { get; init; } = "";

    /// <summary>A word that programs can branch on: one of <see cref="ProblemCodes"/>.</summary>
    public string Code { get; init; } = "";

    /// <summary>Every mistake in the request, or null.</summary>
    public IReadOnlyList<ProblemError>? Errors { get; init; }

    /// <summary>Names the request in the server's log.</summary>
    public string? RequestId { get; init; }
}

/// <summary>How the body of a tar that has begun says that it failed, to those who asked for it: HTTP/1.1 leaves nothing but to cut the connection for all others.</summary>
public static class ProblemAtEnd
{
    /// <summary>The request's field that asks for it.</summary>
    public const string Field = "Tenantry-Problem";

    /// <summary>That field's value.</summary>
    public const string Value = "at-end";

    /// <summary>Bytes of the longest one.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>What stands before the problem's JSON, with which the body ends. A tar ends with zeros, so that none ends like this.</summary>
    public static ReadOnlySpan<byte> Mark => "\ntenantry-problem\n"u8;
}

/// <summary>One mistake in a request.</summary>
/// <param name="Path">Where: a member of the body (<c>hosts[0]</c>), a query parameter, or a place in a manifest.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
/// <param name="File">The manifest's file name, or null.</param>
/// <param name="Line">From 1, or null.</param>
/// <param name="Column">From 1, or null.</param>
public sealed record ProblemError(string Path, string Message, string? File = null, int? Line = null, int? Column = null);

/// <summary>Words of <see cref="ProblemResponse.Code"/>.</summary>
public static class ProblemCodes
{
    /// <summary>400: the request is not understood.</summary>
    public const string BadRequest = "bad-request";

    /// <summary>401: no token, or not a valid one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>403: not on this way in.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>404.</summary>
    public const string NotFound = "not-found";

    /// <summary>405.</summary>
    public const string MethodNotAllowed = "method-not-allowed";

    /// <summary>409: it exists already, is in use, or its state does not allow it.</summary>
    public const string Conflict = "conflict";

    /// <summary>409: it would be more than the organization's quota.</summary>
    public const string QuotaExceeded = "quota-exceeded";

    /// <summary>412: somebody changed it in between.</summary>
    public const string PreconditionFailed = "precondition-failed";

    /// <summary>413.</summary>
    public const string TooLarge = "too-large";

    /// <summary>415.</summary>
    public const string UnsupportedMediaType = "unsupported-media-type";

    /// <summary>422: understood and wrong; <see cref="ProblemResponse.Errors"/> says where.</summary>
    public const string Invalid = "invalid";

    /// <summary>422: the key was used with another request.</summary>
    public const string IdempotencyKeyReused = "idempotency-key-reused";

    /// <summary>428: the change needs <c>If-Match</c>.</summary>
    public const string PreconditionRequired = "precondition-required";

    /// <summary>429: more at once than is answered; ask again in a moment.</summary>
    public const string TooManyRequests = "too-many-requests";

    /// <summary>500: a fault of the server.</summary>
    public const string Internal = "internal";

    /// <summary>501: the instance's target cannot do that.</summary>
    public const string NotSupported = "not-supported";

    /// <summary>502: the target failed.</summary>
    public const string TargetFailed = "target-failed";

    /// <summary>503: the engine does not answer.</summary>
    public const string EngineUnavailable = "engine-unavailable";

    /// <summary>503: the database does not answer.</summary>
    public const string StoreUnavailable = "store-unavailable";

    /// <summary>503: the server stops; ask again, another one may be there already.</summary>
    public const string Stopping = "stopping";

    /// <summary>507: the target's disk, or the instance's share of it, is full.</summary>
    public const string NoSpace = "no-space";

    /// <summary>504.</summary>
    public const string TimedOut = "timed-out";
}
