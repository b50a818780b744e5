using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Access;

/// <summary>Who asks.</summary>
/// <param name="Name">A token's name, or <c>local</c> for the socket's user.</param>
/// <param name="IsLocal">True on the Unix socket.</param>
public sealed record Caller(string Name, bool IsLocal)
{
    /// <summary>The user of the Unix socket.</summary>
    public static Caller Local { get; } = new("local", true);

    /// <summary>The caller that <see cref="Gatekeeper"/> let in.</summary>
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("This request was let in without a caller.");
}
