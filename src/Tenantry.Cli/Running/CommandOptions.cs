using System.CommandLine;
using System.Globalization;

namespace Tenantry.Cli.Running;

/// <summary>Options and arguments that several commands have. Made anew for each command, since a symbol belongs to one.</summary>
internal static class CommandOptions
{
    public static Option<bool> DryRun() => new("--dry-run") { Description = "Print what would change, and change nothing." };

    public static Option<bool> Yes(string question) => new("--yes", "-y") { Description = question };

    public static Option<bool> NoWait() => new("--no-wait") { Description = "Return as soon as the change is accepted." };

    public static Option<Duration> Timeout() => Time("--timeout", "How long to wait, such as 90s, 10m or 1h. The change goes on afterwards.", TimeSpan.FromMinutes(10));

    public static Option<Duration> Time(string name, string description, TimeSpan preset)
    {
        var option = new Option<Duration>(name)
        {
            Description = description,
            HelpName = "TIME",
            DefaultValueFactory = _ => new(preset),
        };
        option.CustomParser = result => Writing.Words.ParseDuration(result.Tokens[0].Value) is { } value
            ? new Duration(value)
            : Wrong<Duration>(result, $"{name}: '{result.Tokens[0].Value}' is not a duration: use a number and s, m, h or d, such as 90s or 1h30m.");
        return option;
    }

    /// <summary>A whole number from 1.</summary>
    public static Option<int> Count(string name, string description, int preset)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => preset };
        option.CustomParser = result => int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0
            ? value
            : Wrong<int>(result, $"{name}: '{result.Tokens[0].Value}' is not a whole number from 1.");
        return option;
    }

    /// <summary>A whole number from 0, or nothing.</summary>
    public static Option<long?> Number(string name, string description)
    {
        var option = new Option<long?>(name) { Description = description, HelpName = "N" };
        option.CustomParser = result => long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : Wrong<long?>(result, $"{name}: '{result.Tokens[0].Value}' is not a whole number from 0.");
        return option;
    }

    /// <summary>US dollars: a whole number is cents, as in <c>500</c>; with a dollar sign it is dollars, as in <c>$5</c>.</summary>
    public static Option<decimal?> Limit(string description)
    {
        var option = new Option<decimal?>("--limit") { Description = description, HelpName = "CENTS|$DOLLARS" };
        option.CustomParser = result => Money(result.Tokens[0].Value) is { } dollars
            ? dollars
            : Wrong<decimal?>(result, $"--limit: '{result.Tokens[0].Value}' is neither cents, such as 500, nor dollars, such as '$5' or '$12.50'.");
        return option;
    }

    public static Argument<string> Slug() => Name("slug", "The instance, by its slug.");

    public static Argument<string> Name(string name, string description) => new(name.ToUpperInvariant()) { Description = description };

    /// <summary><c>KEY=VALUE</c>, any number of times.</summary>
    public static Option<IReadOnlyDictionary<string, string>> Pairs(string name, string description)
    {
        var option = new Option<IReadOnlyDictionary<string, string>>(name)
        {
            Description = description,
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => new Dictionary<string, string>(StringComparer.Ordinal),
        };
        option.CustomParser = result =>
        {
            var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var token in result.Tokens)
            {
                var at = token.Value.IndexOf('=', StringComparison.Ordinal);
                if (at <= 0)
                    return Wrong<IReadOnlyDictionary<string, string>>(result, $"{name}: '{token.Value}' is not KEY=VALUE.");
                if (!pairs.TryAdd(token.Value[..at], token.Value[(at + 1)..]))
                    return Wrong<IReadOnlyDictionary<string, string>>(result, $"{name}: '{token.Value[..at]}' is given twice.");
            }

            return pairs;
        };
        return option;
    }

    // Nothing else is money here: 5.00 could be either.
    internal static decimal? Money(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cents) ? cents / 100m : Model.Manifests.MoneyText.Parse(text);

    private static T? Wrong<T>(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}

/// <summary>A time that help shows as people write it, such as <c>10m</c>.</summary>
internal readonly record struct Duration(TimeSpan Value)
{
    public static implicit operator TimeSpan(Duration duration) => duration.Value;

    public override string ToString() => Writing.Words.Age(Value).Replace(" ", "", StringComparison.Ordinal);
}
