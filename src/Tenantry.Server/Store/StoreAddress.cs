using Npgsql;

namespace Tenantry.Server.Store;

/// <summary>Reads <c>postgres://user:password@host:port/database?host=/socket/folder</c>.</summary>
internal static class StoreAddress
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    public static bool IsPostgres(string store) => Schemes.Any(scheme => store.StartsWith(scheme, StringComparison.Ordinal));

    /// <summary>The connection's settings. <see cref="StoreAddressException"/> says what is wrong; it never repeats the password.</summary>
    public static NpgsqlConnectionStringBuilder ReadPostgres(string store)
    {
        var rest = store[Schemes.First(scheme => store.StartsWith(scheme, StringComparison.Ordinal)).Length..];
        var query = Cut(ref rest, '?');
        var database = Cut(ref rest, '/');
        var at = rest.LastIndexOf('@');
        var user = at < 0 ? "" : rest[..at];
        var host = at < 0 ? rest : rest[(at + 1)..];
        var password = Cut(ref user, ':');

        var settings = new NpgsqlConnectionStringBuilder
        {
            ApplicationName = "tenantry",
            Database = database is null or "" ? "tenantry" : Uri.UnescapeDataString(database),
            Timeout = 15,
            CommandTimeout = 30,
            MaxPoolSize = 20,
            IncludeErrorDetail = false,
        };
        if (user.Length > 0)
            settings.Username = Uri.UnescapeDataString(user);
        if (password is not null)
            settings.Password = Uri.UnescapeDataString(password);
        ReadHost(settings, host);
        foreach (var part in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
            ReadOption(settings, part);
        if (string.IsNullOrEmpty(settings.Host))
            settings.Host = "127.0.0.1";
        return settings;
    }

    private static void ReadHost(NpgsqlConnectionStringBuilder settings, string host)
    {
        var port = "";
        if (host.StartsWith('['))
        {
            var end = host.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
                throw Refused("the address in brackets has no end");
            port = host[(end + 1)..].TrimStart(':');
            host = host[1..end];
        }
        else
        {
            port = Cut(ref host, ':') ?? "";
        }
        if (host.Length > 0)
            settings.Host = Uri.UnescapeDataString(host);
        if (port.Length > 0)
            settings.Port = int.TryParse(port, out var number) && number is > 0 and < 65536 ? number : throw Refused($"'{port}' is no port");
    }

    private static void ReadOption(NpgsqlConnectionStringBuilder settings, string part)
    {
        var value = part;
        var name = value;
        value = Cut(ref name, '=') ?? "";
        value = Uri.UnescapeDataString(value);
        switch (name)
        {
            case "host":
                settings.Host = value;
                break;
            case "port":
                settings.Port = int.TryParse(value, out var port) ? port : throw Refused($"'{value}' is no port");
                break;
            case "sslmode":
                settings.SslMode = Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode)
                    ? mode
                    : throw Refused($"'{value}' is no sslmode; known are disable, allow, prefer, require, verify-ca and verify-full");
                break;
            case "pool":
                settings.MaxPoolSize = int.TryParse(value, out var pool) && pool > 0 ? pool : throw Refused($"'{value}' is no size of a pool");
                break;
            default:
                throw Refused($"the option '{name}' is unknown; known are host, port, sslmode and pool");
        }
    }

    // What stands before the mark stays; what stands behind it is returned, null without a mark.
    private static string? Cut(ref string text, char mark)
    {
        var at = text.IndexOf(mark, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var behind = text[(at + 1)..];
        text = text[..at];
        return behind;
    }

    private static StoreAddressException Refused(string what) =>
        new($"The store's address cannot be used: {what}. The form is postgres://user@host:port/database, or postgres://user@/database?host=/socket/folder.");
}
