using System.CommandLine;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Running;

/// <summary><c>--role ROLE</c></summary>
internal static class RoleOption
{
    public static Option<Role> Create(string description, Role preset)
    {
        var option = new Option<Role>("--role") { Description = description, DefaultValueFactory = _ => preset, HelpName = "ROLE" };
        option.CompletionSources.Clear();
        option.CompletionSources.Add([.. Enum.GetNames<Role>().Select(one => one.ToLowerInvariant())]);
        return option;
    }

    public static Option<Role?> Optional(string description)
    {
        var option = new Option<Role?>("--role") { Description = description, HelpName = "ROLE" };
        option.CompletionSources.Clear();
        option.CompletionSources.Add([.. Enum.GetNames<Role>().Select(one => one.ToLowerInvariant())]);
        return option;
    }
}
