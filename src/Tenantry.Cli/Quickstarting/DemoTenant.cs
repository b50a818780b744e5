using System.Security.Cryptography;

namespace Tenantry.Cli.Quickstarting;

/// <summary>A tenant of the quickstart and the token of its editor, which is kept beside the data so that a second call finds it.</summary>
internal sealed record DemoTenant(string Name, string Token)
{
    public static DemoTenant Of(string name, string folder)
    {
        var file = Path.Combine(folder, "quickstart", name + ".token");
        if (File.Exists(file))
            return new(name, File.ReadAllText(file));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        stream.Write(System.Text.Encoding.UTF8.GetBytes(token));
        return new(name, token);
    }

    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => Name;
}
