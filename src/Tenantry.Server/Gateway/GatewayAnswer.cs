using Tenantry.Model.Wire;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Gateway;

/// <summary>An answer of the gateway's own.</summary>
internal sealed record GatewayAnswer(int Status, string Code, string Title, string Detail, int? RetryAfterSeconds = null)
{
    private const string Unavailable = "unavailable";

    public static readonly GatewayAnswer UnknownHost = new(
        404, ProblemCodes.NotFound, "Nothing here", "No instance answers under this name.");

    public static readonly GatewayAnswer Misdirected = new(
        421, "misdirected", "Wrong connection", "This connection was made for another name. Connect again under the name that is asked for.");

    public static readonly GatewayAnswer NotForwarded = new(
        400, ProblemCodes.BadRequest, "Not understood", "This kind of request is not forwarded.");

    public static readonly GatewayAnswer NotTraced = new(
        501, "not-traced", "Not traced", "The request is to come no further than to this gateway (Max-Forwards: 0), which answers no TRACE.");

    public static readonly GatewayAnswer BadBody = new(
        400, ProblemCodes.BadRequest, "Not understood", "The body of the request did not arrive whole.");

    public static readonly GatewayAnswer BodyTooLarge = new(
        413, "body-too-large", "Too large", "The body of the request is larger than this instance takes.");

    public static readonly GatewayAnswer TooManyAtOnce = new(
        503, Unavailable, "Busy", "The instance is answering as many requests as it takes at once. Try again in a moment.", 1);

    public static readonly GatewayAnswer Unreachable = new(
        502, "unreachable", "No answer", "The instance runs and did not take the request. It may be restarting; try again.", 2);

    public static readonly GatewayAnswer Cut = new(
        502, "unreachable", "No answer", "The instance ended the connection before it had answered.");

    public static readonly GatewayAnswer NoWebSockets = new(
        502, "no-websockets", "No WebSockets", "The app speaks HTTP/2 and does not take WebSockets over it: it does not announce SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441).");

    public static readonly GatewayAnswer TimedOut = new(
        504, ProblemCodes.TimedOut, "Took too long", "The instance did not answer in time.");

    public static readonly GatewayAnswer NoWayIn = new(
        503, Unavailable, "Not reachable now", "The way to the instance is closed for a moment: a part of the server is restarting. Try again.", 2);

    public static readonly GatewayAnswer NoRoom = new(
        503, Unavailable, "Busy", "As many connections to instances are open as there may be. Try again in a moment.", 2);

    public static readonly GatewayAnswer TooManyWait = new(
        503, Unavailable, "Waking", "The instance is waking up and too many requests wait for it already. Try again in a moment.", 2);

    public static readonly GatewayAnswer StillWaking = new(
        503, Unavailable, "Still waking", "The instance is waking up and takes longer than a request may wait. Try again in a moment.", 5);

    public static readonly GatewayAnswer WebhookTooLarge = new(
        413, "too-large", "Too large", "This webhook is larger than the app says that it may be.");

    public static readonly GatewayAnswer WebhookTooSlow = new(
        408, ProblemCodes.TimedOut, "Took too long", "The webhook did not arrive within a minute.");

    public static readonly GatewayAnswer TooManyWebhooks = new(
        503, Unavailable, "Too many wait", "Too many webhooks wait for this instance already. Send it again later.", 60);

    public static readonly GatewayAnswer WebhookNotStored = new(
        503, Unavailable, "Not stored", "The webhook could not be stored now. Send it again later.", 30);

    /// <summary>Why an instance was not woken.</summary>
    public static GatewayAnswer NotWoken(WakeAnswer answer) => new(
        503,
        Unavailable,
        answer.Outcome == WakeOutcome.Held ? "Asleep" : answer.Outcome == WakeOutcome.NotNow ? "Not now" : "Not woken",
        answer.Reason,
        Math.Max(1, answer.RetryAfterSeconds));

    /// <summary>More requests than the tier's rate.</summary>
    public static GatewayAnswer TooMany(int retryAfterSeconds) => new(
        429, "too-many-requests", "Too many requests", "More requests came than this instance takes in so short a time. Try again later.", retryAfterSeconds);

    /// <summary>Why an instance does not take requests.</summary>
    public static GatewayAnswer Of(Route route) => route.State switch
    {
        RouteState.Elsewhere => new(
            503, Unavailable, "On another machine", $"The instance is on the machine of the engine '{route.Elsewhere}', which this gateway does not reach. The gateway beside that engine does.", 30),
        RouteState.Starting => new(503, Unavailable, "Starting", "The instance is being started. Try again in a moment.", 2),
        RouteState.Updating => new(503, Unavailable, "Updating", "The instance is being updated. Try again in a moment.", 2),
        RouteState.Failed => new(503, Unavailable, "Out of order", "The instance does not run, and its operator has been told why.", 30),
        RouteState.Leaving => new(503, Unavailable, "Leaving", "The instance is being removed.", 30),
        _ => new(503, Unavailable, "No web address", "The instance runs and has no web address.", 3600),
    };
}
