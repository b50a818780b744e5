using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Access;

/// <summary>Who asks.</summary>
/// <param name="Name">A token's name, or <c>local</c> for the socket's user.</param>
/// <param name="IsLocal">True on the Unix socket.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Organization">In which organization; null: everywhere.</param>
public sealed record Caller(string Name, bool IsLocal, Role Role, string? Organization)
{
    /// <summary>Tells this caller from every other, also from one that had the same name before.</summary>
    public string Id { get; init; } = Name;

    /// <summary>The user of the Unix socket.</summary>
    public static Caller Local { get; } = new("local", true, Role.Admin, null);

    /// <summary>The caller that <see cref="Gatekeeper"/> let in.</summary>
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("This request was let in without a caller.");

    /// <summary>Whoever pays says how much: a 403 for an organization.</summary>
    public void MustPay(string what)
    {
        if (Organization is not null)
            throw ProblemException.Forbidden($"{what} is the platform's to say.");
    }

    /// <summary>Whether they may know of what belongs to that organization.</summary>
    public bool Sees(string? organization) => Organization is null || Organization == organization;

    /// <summary>A 404, as for what is not there, when it belongs to an organization that they do not see.</summary>
    public void MustSee(string? organization, string kind, string name, string? path = null)
    {
        if (!Sees(organization))
            throw ProblemException.NotFound(kind, name, path);
    }
}
