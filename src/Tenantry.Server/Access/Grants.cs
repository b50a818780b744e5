using Tenantry.Model.Wire;

namespace Tenantry.Server.Access;

/// <summary>What somebody may do, and where. Who belongs to several organizations has a role in each; which of them counts, the thing says that is asked for.</summary>
/// <param name="Platform">Everywhere; null: only in the organizations.</param>
/// <param name="Organizations">By organization.</param>
public sealed record Grants(Role? Platform, IReadOnlyDictionary<string, Role> Organizations)
{
    /// <summary>Nothing.</summary>
    public static Grants None { get; } = new(null, new Dictionary<string, Role>(StringComparer.Ordinal));

    /// <summary>True for who may do nothing at all.</summary>
    public bool IsEmpty => Platform is null && Organizations.Count == 0;

    /// <summary>One role, everywhere or in one organization.</summary>
    public static Grants Of(Role role, string? organization) => string.IsNullOrEmpty(organization)
        ? new Grants(role, new Dictionary<string, Role>(StringComparer.Ordinal))
        : new Grants(null, new Dictionary<string, Role>(StringComparer.Ordinal) { [organization] = role });

    /// <summary>Both together; of two roles for the same the greater one.</summary>
    public Grants With(Grants other)
    {
        var all = new Dictionary<string, Role>(Organizations, StringComparer.Ordinal);
        foreach (var (organization, role) in other.Organizations)
            all[organization] = all.TryGetValue(organization, out var own) && own > role ? own : role;
        return new Grants(Platform is null || other.Platform > Platform ? other.Platform ?? Platform : Platform, all);
    }

    /// <summary>Whether whatever the other lets somebody do, this does, too.</summary>
    public bool Covers(Grants other) =>
        (other.Platform is null || Platform >= other.Platform)
        && other.Organizations.All(one => Platform >= one.Value || (Organizations.TryGetValue(one.Key, out var own) && own >= one.Value));

    /// <summary>As the store keeps it: <c>admin</c>, <c>acme:owner,other:viewer</c>, or both; empty for nothing.</summary>
    public string ToText() => string.Join(
        ',', Organizations.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}:{one.Value}").Prepend(Platform?.ToString() ?? "").Where(part => part.Length > 0));

    /// <summary>What <see cref="ToText"/> wrote.</summary>
    public static Grants Parse(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries).Aggregate(
        None,
        (grants, part) => part.Split(':') is [var organization, var role] ? grants.With(Of(Enum.Parse<Role>(role), organization)) : grants.With(Of(Enum.Parse<Role>(part), null)));

    /// <summary>Whether they may ask for what has that rule. Without an organization (null: nothing was named) a role in any of theirs is enough.</summary>
    internal bool Admits(AccessRule rule, string? organization)
    {
        if (rule.Reach == Reach.Caller || (Platform is { } everywhere && rule.Admits(everywhere, isOfOrganization: false)))
            return true;
        return organization is null
            ? Organizations.Values.Any(role => rule.Admits(role, isOfOrganization: true))
            : Organizations.TryGetValue(organization, out var own) && rule.Admits(own, isOfOrganization: true);
    }
}
