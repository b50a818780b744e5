using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Access;

/// <summary>Who asks, for as long as the request lasts. Nothing else says on whose behalf something is done.</summary>
/// <param name="Name">A token's name, a person's address, or <c>local</c> for the socket's user.</param>
/// <param name="Through">How they were let in.</param>
/// <param name="Grants">What they may do.</param>
public sealed record Caller(string Name, CallerKind Through, Grants Grants)
{
    internal const int Beginning = 12;

    /// <summary>Tells this caller from every other, also from one that had the same name before.</summary>
    public string Id { get; init; } = Name;

    /// <summary>When what let them in ends; null: not by time.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>How a person is called; else the name.</summary>
    public string DisplayName { get; init; } = Name;

    /// <summary>The identity provider that knows a person who signed in; null: none.</summary>
    internal string? Issuer { get; init; }

    /// <summary>Whether a password signs that person in.</summary>
    internal bool HasPassword { get; init; }

    /// <summary>How many invitations into organizations wait for the answer of somebody who signed in.</summary>
    public int Invitations { get; init; }

    /// <summary>For the audit: of which token of the provider they showed.</summary>
    internal string Credential { get; init; } = "provider";

    /// <summary>The session of somebody who signed in, as the store knows it.</summary>
    internal string? SessionHash { get; init; }

    /// <summary>The user of the Unix socket.</summary>
    public static Caller Local { get; } = new("local", CallerKind.Socket, Grants.Of(Role.Admin, null));

    /// <summary>True on the Unix socket.</summary>
    public bool IsLocal => Through == CallerKind.Socket;

    /// <summary>True for people: the socket's user, and who signed in.</summary>
    public bool IsPerson => Through is CallerKind.Socket or CallerKind.Session;

    /// <summary>Organizations that they see; null: all.</summary>
    public IReadOnlyList<string>? Organizations => Grants.Platform is null ? [.. Grants.Organizations.Keys.Order(StringComparer.Ordinal)] : null;

    /// <summary>Operators and admins: who says what costs money, and what the platform stands on.</summary>
    public bool RunsPlatform => Grants.Platform is Role.Operator or Role.Admin;

    /// <summary>For the audit: how they were let in, and by which token or session, told by the beginning of its hash.</summary>
    public string ThroughText => Through switch
    {
        CallerKind.Token => $"token {Id[..Math.Min(Id.Length, Beginning)]}",
        CallerKind.Session => $"session {SessionHash?[..Beginning]}",
        CallerKind.Provider => Credential,
        _ => Through.ToString().ToLowerInvariant(),
    };

    /// <summary>As a sentence begins.</summary>
    public string Title => Through == CallerKind.Token ? $"The token '{Name}'" : $"'{Name}'";

    /// <summary>The caller that <see cref="Gatekeeper"/> let in.</summary>
    public static Caller Of(HttpContext context) =>
        Find(context) ?? throw new InvalidOperationException("This request was let in without a caller.");

    /// <summary>The same, or null for a stranger, who gets to see what is open to everybody.</summary>
    public static Caller? Find(HttpContext context) => context.Features.Get<Caller>();

    /// <summary>Whoever pays says how much: a 403 for an organization.</summary>
    public void MustPay(string what)
    {
        if (!RunsPlatform)
            throw ProblemException.Forbidden($"{what} is the platform's to say.");
    }

    /// <summary>Whether they may know of what belongs to that organization.</summary>
    public bool Sees(string? organization) => Grants.Platform is not null || (organization is not null && Grants.Organizations.ContainsKey(organization));

    /// <summary>A 404, as for what is not there, when it belongs to an organization that they do not see.</summary>
    public void MustSee(string? organization, string kind, string name, string? path = null)
    {
        if (!Sees(organization))
            throw organization is null ? ProblemException.NotFound(kind, name, path) : ProblemException.Foreign(kind, name, organization, path);
    }

    /// <summary>For what a body names: a 403 when their role in that organization does not hold it.</summary>
    internal void MustHold(Permission permission, string organization, string what)
    {
        if (!Grants.Admits(new AccessRule(permission, Reach.Organization), organization))
            throw ProblemException.Forbidden($"{Title} {RoleIn(organization)}, which does not hold this: {what}.");
    }

    /// <summary>The organization of what they make without saying whose it is.</summary>
    public string OwnOrganization(string otherwise, string path)
    {
        if (RunsPlatform)
            return otherwise;
        return Grants.Organizations.Count == 1
            ? Grants.Organizations.Keys.First()
            : throw ProblemException.Invalid(path, $"Say of which organization: {string.Join(", ", Grants.Organizations.Keys.Order(StringComparer.Ordinal))}.");
    }

    /// <summary><c>has the role viewer of the organization 'acme'</c>.</summary>
    internal string RoleIn(string? organization)
    {
        if (organization is not null && Grants.Organizations.TryGetValue(organization, out var own))
            return $"has the role {Word(own)} of the organization '{organization}'";
        if (Grants.Platform is { } everywhere)
            return $"has the role {Word(everywhere)}";
        var roles = Grants.Organizations.Select(one => $"{Word(one.Value)} of the organization '{one.Key}'").ToArray();
        return roles.Length == 0 ? "has no role" : $"has the role {string.Join(" and ", roles)}";
    }

    private static string Word(Role role) => role.ToString().ToLowerInvariant();
}

/// <summary>How a caller was let in.</summary>
public enum CallerKind
{
    /// <summary>The kernel said who it is.</summary>
    Socket,

    /// <summary>A token of this server's.</summary>
    Token,

    /// <summary>Somebody who signed in.</summary>
    Session,

    /// <summary>A token of the identity provider's.</summary>
    Provider,
}
