using System.Globalization;

namespace Tenantry.Server.Serving;

/// <summary>The ordinary user that plays api and gateway.</summary>
public sealed record WebUser(string Name, uint Id, uint Group)
{
    private static readonly string[] Usual = ["tenantry", "nobody"];

    /// <summary>The user of that name, or <c>tenantry</c> or <c>nobody</c>, whichever there is.</summary>
    /// <exception cref="ServeRefusedException">There is no such user, or it is root.</exception>
    public static WebUser Find(string? name) => Find(name, File.ReadAllLines("/etc/passwd"));

    internal static WebUser Find(string? name, IEnumerable<string> passwd)
    {
        var users = passwd.Select(line => line.Split(':')).Where(fields => fields.Length >= 4).ToList();
        foreach (var wanted in name is null ? Usual : [name])
        {
            if (users.Find(fields => fields[0] == wanted) is not { } found)
                continue;
            var user = new WebUser(found[0], uint.Parse(found[2], CultureInfo.InvariantCulture), uint.Parse(found[3], CultureInfo.InvariantCulture));
            return user.Id != 0 ? user : throw new ServeRefusedException("--web-user must be an ordinary user: the web side faces the world.");
        }

        throw new ServeRefusedException(name is null
            ? "There is neither a user 'tenantry' nor 'nobody'. Add one: 'useradd --system --no-create-home tenantry'."
            : $"There is no user '{name}'. Add it: 'useradd --system --no-create-home {name}'.");
    }

    /// <summary>The first folder on the way to <paramref name="path"/> that this user cannot pass, or null.</summary>
    public static string? FirstBarrier(string path)
    {
        for (var folder = new DirectoryInfo(path).Parent; folder is not null; folder = folder.Parent)
        {
            if (folder.Exists && !folder.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                return folder.FullName;
        }

        return null;
    }
}
