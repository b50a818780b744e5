using Tenantry.Model.Wire;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>Why a request is refused before it is one.</summary>
internal static class Refusals
{
    private const string Title = "Not understood";

    public static readonly GatewayAnswer LineEnd = Bad("A line of the request ends with a line feed alone.");
    public static readonly GatewayAnswer FirstLine = Bad("The first line of the request is not method, target and version, with one space between them.");
    public static readonly GatewayAnswer Target = Bad("What is asked for is neither a path that begins with '/' nor a whole address, or holds a '#'.");
    public static readonly GatewayAnswer Line = Bad("A header of the request has a name that is none, or a space before its colon.");
    public static readonly GatewayAnswer Folded = Bad("A header of the request is continued on a second line.");
    public static readonly GatewayAnswer Control = Bad("The request holds a control character.");
    public static readonly GatewayAnswer Length = Bad("The request gives its body's length more than once, or not as a number.");
    public static readonly GatewayAnswer ListedLength = Bad("The request's Connection header lists Content-Length, which is not of one connection alone.");
    public static readonly GatewayAnswer Coding = Bad("The request's body is coded in another way than 'chunked', or has a length as well.");
    public static readonly GatewayAnswer Chunks = Bad("A chunk of the request's body is not well formed.");
    public static readonly GatewayAnswer Host = Bad("The request names no host, several, or something that is not only a host.");
    public static readonly GatewayAnswer OtherHost = Bad("The request's target names another host than its Host header.");

    public static readonly GatewayAnswer Version = new(505, "version-not-supported", "Not understood", "The request is in a version of HTTP that is not spoken here: HTTP/1.1, HTTP/1.0, or HTTP/2 from a connection's beginning.");
    public static readonly GatewayAnswer LongTarget = new(414, "target-too-long", "Too long", "The address that is asked for is longer than 8,192 characters.");
    public static readonly GatewayAnswer LongHead = new(431, "head-too-large", "Too large", "The head of the request is too large.");
    public static readonly GatewayAnswer SlowHead = new(408, ProblemCodes.TimedOut, "Too slow", "The head of the request did not arrive in time.");

    private static readonly byte[] ForProgram = "GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n"u8.ToArray();
    private static readonly byte[] ForBrowser = "GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\nAccept: text/html\r\n\r\n"u8.ToArray();

    /// <summary>A body that nobody takes for a right one.</summary>
    public static ReadOnlyMemory<byte> Chunk { get; } = "refused\r\n"u8.ToArray();

    /// <summary>An empty request in place of one whose head was refused.</summary>
    public static ReadOnlyMemory<byte> Request(bool wantsPage) => wantsPage ? ForBrowser : ForProgram;

    private static GatewayAnswer Bad(string detail) => new(400, ProblemCodes.BadRequest, Title, detail);
}
