using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Model.Naming;

/// <summary>
/// The DNS label of an instance. Pure and deterministic: the same tenant, environment and app always ask for the same slugs in the
/// same order, and the store's unique index decides who gets which.
/// </summary>
public static class Slug
{
    /// <summary>The environment that a slug does not mention.</summary>
    public const string DefaultEnvironment = "prod";

    /// <summary>The length of a DNS label.</summary>
    public const int MaximumLength = 63;

    /// <summary>
    /// <c>alice</c> in prod, <c>alice-staging</c> elsewhere, with the app's name between the two when it is given. What would be longer
    /// than a DNS label is cut, and ends in a hash of the whole.
    /// </summary>
    public static string For(string tenant, string environment = DefaultEnvironment, string? app = null)
    {
        var slug = tenant + (app is null ? "" : "-" + app) + (environment == DefaultEnvironment ? "" : "-" + environment);
        return slug.Length <= MaximumLength ? slug : Hashed(slug, tenant, environment, app, 8);
    }

    /// <summary>Slugs to try in turn: the plain one, the one with the app's name, then ones with ever longer hashes. No name that is reserved for tenants is among them.</summary>
    public static IEnumerable<string> Candidates(string tenant, string environment, string app)
    {
        yield return For(tenant, environment);
        var full = For(tenant, environment, app);
        yield return full;
        foreach (var length in (int[])[6, 12, 24])
            yield return Hashed(full, tenant, environment, app, length);
    }

    /// <summary>The first candidate that nobody has.</summary>
    /// <exception cref="InvalidOperationException">All are taken; with honest names this cannot happen.</exception>
    public static string Unique(string tenant, string environment, string app, Func<string, bool> isTaken) =>
        Candidates(tenant, environment, app).FirstOrDefault(c => !isTaken(c))
        ?? throw new InvalidOperationException($"Every slug for tenant '{tenant}', app '{app}', environment '{environment}' is taken.");

    /// <summary>Hexadecimal digits that tell one tenant, environment and app from any other.</summary>
    private static string Hash(string tenant, string environment, string? app, int length) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}/{environment}/{app}")))[..length];

    private static string Hashed(string slug, string tenant, string environment, string? app, int length)
    {
        var room = MaximumLength - length - 1;
        var kept = slug.Length <= room ? slug : slug[..room].TrimEnd('-');
        return kept + "-" + Hash(tenant, environment, app, length);
    }
}
