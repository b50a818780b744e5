using System.CommandLine;

namespace Tenantry.Cli.Running;

/// <summary>Options that every command has.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string> Output = Enumerated("--output", ["table", "json"], "o", "What to print: a table for people, or JSON for programs (then all other text goes to standard error).");

    public static readonly Option<string?> Data = new("--data")
    {
        Description = "Data folder of the control plane (TENANTRY_DATA; default /var/lib/tenantry for root, else ~/.local/share/tenantry; of quickstart the default alone, with -quickstart after it).",
        HelpName = "DIR",
        Recursive = true,
    };

    public static readonly Option<string?> Server = new("--server")
    {
        Description = "Address of the control plane, http://HOST:PORT or unix:PATH (TENANTRY_SERVER, its token in TENANTRY_TOKEN).",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    private static Option<string> Enumerated(string name, string[] values, string shortName, string description)
    {
        var option = new Option<string>(name, "-" + shortName)
        {
            Description = description,
            HelpName = string.Join('|', values),
            DefaultValueFactory = _ => values[0],
            Recursive = true,
        };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
