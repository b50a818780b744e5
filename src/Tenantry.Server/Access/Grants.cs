using Tenantry.Model.Wire;

namespace Tenantry.Server.Access;

/// <summary>What somebody may do, and where. Who belongs to several organizations has a role in each; which of them counts, the thing says that is asked for.</summary>
/// <param name="Platform">Everywhere; null: only in the organizations.</param>
/// <param name="Organizations">By organization.</param>
public sealed record Grants(Role? Platform, IReadOnlyDictionary<string, Role> Organizations)
{
    /// <summary>One role, everywhere or in one organization.</summary>
    public static Grants Of(Role role, string? organization) => string.IsNullOrEmpty(organization)
        ? new Grants(role, new Dictionary<string, Role>(StringComparer.Ordinal))
        : new Grants(null, new Dictionary<string, Role>(StringComparer.Ordinal) { [organization] = role });

    /// <summary>Whether they may ask for what has that rule. For what is no organization's, a role in any of theirs is enough.</summary>
    internal bool Admits(AccessRule rule, string? organization)
    {
        if (rule.Reach == Reach.Caller || (Platform is { } everywhere && rule.Admits(everywhere, isOfOrganization: false)))
            return true;
        return organization is null
            ? Organizations.Values.Any(role => rule.Admits(role, isOfOrganization: true))
            : Organizations.TryGetValue(organization, out var own) && rule.Admits(own, isOfOrganization: true);
    }

    /// <summary>Changes with every right that is given or taken.</summary>
    public override string ToString() => $"{Platform}[{string.Join(',', Organizations.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}:{one.Value}"))}]";
}
