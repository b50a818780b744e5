using Tenantry.Cli.Running;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>
/// Which tenant a customer is. Whoever has one keeps it; otherwise the name is made from the e-mail's local part, and nobody is ever given the name of somebody
/// else.
/// </summary>
internal sealed class TenantNames
{
    private readonly Dictionary<string, string> _owners;
    private readonly HashSet<string> _before;
    private readonly Dictionary<string, string> _organizations;

    public TenantNames(IEnumerable<TenantResponse> tenants)
    {
        var present = tenants.ToList();
        _owners = present.ToDictionary(t => t.Name, t => t.Owner, StringComparer.Ordinal);
        _organizations = present.ToDictionary(t => t.Name, t => t.Organization, StringComparer.Ordinal);
        _before = [.. _owners.Keys];
    }

    /// <summary>The tenant's name, taken from now on.</summary>
    /// <exception cref="CliException">The name that was asked for is not valid or belongs to somebody else, or the customer has several tenants.</exception>
    public string Take(string email, string? wanted)
    {
        var name = wanted is null ? Find(email) : Checked(email, wanted);
        _owners[name] = email;
        return name;
    }

    /// <summary>True when there was a tenant of that name before.</summary>
    public bool HadBefore(string name) => _before.Contains(name);

    /// <summary>The organization of a tenant that there was before, or null.</summary>
    public string? OrganizationOf(string name) => _organizations.GetValueOrDefault(name);

    private string Find(string email)
    {
        var present = _owners.Where(one => EmailText.AreSame(one.Value, email)).Select(one => one.Key).Order(StringComparer.Ordinal).ToList();
        return present switch
        {
            [] => Candidates(email).First(name => !_owners.ContainsKey(name)),
            [var one] => one,
            _ => throw new CliException(ExitCode.Usage, $"{email} has several tenants: {string.Join(", ", present)}.", "Say which with --tenant."),
        };
    }

    private string Checked(string email, string wanted)
    {
        if (NamingRules.Check(NameKind.Tenant, wanted) is { } problem)
            throw new CliException(ExitCode.Usage, $"{problem.Message} '{problem.Suggestion}' would do.");
        if (_owners.TryGetValue(wanted, out var owner) && owner.Length > 0 && !EmailText.AreSame(owner, email))
        {
            var free = Candidates(email).First(name => !_owners.ContainsKey(name));
            throw new CliException(ExitCode.Conflict, $"The tenant '{wanted}' belongs to {owner}, not to {email}.", $"Choose another name with --tenant; '{free}' is free.");
        }

        return wanted;
    }

    // user, then user-example of user@example.com, then user-2 and so on.
    private static IEnumerable<string> Candidates(string email)
    {
        var name = NamingRules.Suggest(NameKind.Tenant, EmailText.LocalPart(email));
        yield return name;
        yield return With(name, NamingRules.Suggest(NameKind.Tenant, EmailText.Domain(email)));
        for (var number = 2; ; number++)
            yield return With(name, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string With(string name, string ending)
    {
        ending = ending.Length > NamingRules.MaximumLength / 2 ? ending[..(NamingRules.MaximumLength / 2)].TrimEnd('-') : ending;
        var room = NamingRules.MaximumLength - ending.Length - 1;
        return $"{(name.Length > room ? name[..room].TrimEnd('-') : name)}-{ending}";
    }
}
