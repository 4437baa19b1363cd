import GRDB

/// The tables, in steps. A step that was released is never changed: another is added.
enum Schema {
    /// Marks the file as ours, `RfLw`: see `PRAGMA application_id`.
    static let applicationID = 0x5266_4C77

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            for sql in [rollouts, targets, tally, fleet, messages, logs] { try db.execute(sql: sql) }
        }
        migrator.registerMigration("2") { db in
            for sql in [surveyPages, messageBounds, pauses, sliceStates, orderKeys, clock] {
                try db.execute(sql: sql)
            }
        }
        return migrator
    }()

    // Times are seconds since 1970, pauses milliseconds, sizes bytes, `state` of rollouts and hosts is JSON.

    private static let rollouts = """
        CREATE TABLE rollout (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            spec TEXT NOT NULL,
            state TEXT NOT NULL,
            isPlan INTEGER NOT NULL,
            phase TEXT NOT NULL,
            created REAL NOT NULL,
            ended REAL,
            longestPause REAL NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE rolloutHost (
            rollout INTEGER NOT NULL,
            place INTEGER NOT NULL,
            name TEXT NOT NULL,
            phase TEXT NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (rollout, place)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX rolloutHostName ON rolloutHost (rollout, name);
        """

    /// How many pauses a rollout has had of which it is known whether they were too long, and how many of those were.
    private static let pauses = """
        ALTER TABLE rollout ADD COLUMN pauses INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE rollout ADD COLUMN pausesOver INTEGER NOT NULL DEFAULT 0;
        """

    /// What the next slice of a file is to be given, and what is left of the file's unshare budget.
    private static let sliceStates = """
        ALTER TABLE target ADD COLUMN budgetLeft INTEGER;
        CREATE TABLE sliceState (
            rollout INTEGER NOT NULL,
            number INTEGER NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (rollout, number)
        ) STRICT, WITHOUT ROWID;
        """

    /// A million rows: hosts and file systems by number, the path last, results elsewhere.
    private static let targets = """
        CREATE TABLE fileSystem (
            number INTEGER PRIMARY KEY,
            uuid TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE TABLE target (
            rollout INTEGER NOT NULL,
            number INTEGER NOT NULL,
            host INTEGER NOT NULL,
            fileSystem INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,
            extents INTEGER NOT NULL,
            gain REAL NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            time REAL,
            cursor INTEGER NOT NULL,
            unshared INTEGER NOT NULL,
            slices INTEGER NOT NULL,
            fruitless INTEGER NOT NULL,
            extentsAfter INTEGER NOT NULL,
            rewritten INTEGER NOT NULL,
            path TEXT NOT NULL,
            PRIMARY KEY (rollout, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX targetState ON target (rollout, state);
        CREATE INDEX targetHost ON target (rollout, host);
        CREATE TABLE targetResult (
            rollout INTEGER NOT NULL,
            number INTEGER NOT NULL,
            result TEXT NOT NULL,
            PRIMARY KEY (rollout, number)
        ) STRICT, WITHOUT ROWID;
        """

    /// Sums over the targets of each host in each state, which the database keeps by itself: a listing need not go through
    /// a million rows.
    private static let tally = """
        CREATE TABLE tally (
            rollout INTEGER NOT NULL,
            host INTEGER NOT NULL,
            state TEXT NOT NULL,
            targets INTEGER NOT NULL,
            size INTEGER NOT NULL,
            extents INTEGER NOT NULL,
            gain REAL NOT NULL,
            extentsAfter INTEGER NOT NULL,
            rewritten INTEGER NOT NULL,
            unshared INTEGER NOT NULL,
            cursor INTEGER NOT NULL,
            PRIMARY KEY (rollout, host, state)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER targetInserted AFTER INSERT ON target BEGIN
            \(count);
        END;
        CREATE TRIGGER targetUpdated AFTER UPDATE OF state, cursor, extentsAfter, rewritten, unshared ON target BEGIN
            UPDATE tally SET
                targets = targets - 1, size = size - OLD.size, extents = extents - OLD.extents, gain = gain - OLD.gain,
                extentsAfter = extentsAfter - OLD.extentsAfter, rewritten = rewritten - OLD.rewritten,
                unshared = unshared - OLD.unshared, cursor = cursor - min(OLD.cursor, OLD.size)
            WHERE rollout = OLD.rollout AND host = OLD.host AND state = OLD.state;
            \(count);
        END;
        """

    private static let count = """
        INSERT INTO tally VALUES (
            NEW.rollout, NEW.host, NEW.state, 1, NEW.size, NEW.extents, NEW.gain, NEW.extentsAfter, NEW.rewritten,
            NEW.unshared, min(NEW.cursor, NEW.size))
        ON CONFLICT (rollout, host, state) DO UPDATE SET
            targets = targets + 1, size = size + excluded.size, extents = extents + excluded.extents,
            gain = gain + excluded.gain, extentsAfter = extentsAfter + excluded.extentsAfter,
            rewritten = rewritten + excluded.rewritten, unshared = unshared + excluded.unshared,
            cursor = cursor + excluded.cursor
        """

    private static let surveyPages = """
        CREATE TABLE surveyPage (
            rollout INTEGER NOT NULL,
            host TEXT NOT NULL,
            page INTEGER NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (rollout, host, page)
        ) STRICT, WITHOUT ROWID;
        """

    /// Orders of the last day that have a word of the client's: what was asked for, and what came of it.
    private static let orderKeys = """
        CREATE TABLE orderKey (
            who TEXT NOT NULL,
            key TEXT NOT NULL,
            request BLOB NOT NULL,
            answer TEXT NOT NULL,
            time REAL NOT NULL,
            PRIMARY KEY (who, key)
        ) STRICT, WITHOUT ROWID;
        """

    /// One row: the clock as it was last read, and the time that is believed.
    private static let clock = """
        CREATE TABLE clock (
            id INTEGER PRIMARY KEY,
            wall REAL NOT NULL,
            uptime REAL NOT NULL,
            trusted REAL NOT NULL
        ) STRICT;
        """

    private static let messageBounds = """
        DROP INDEX outboxKey;
        CREATE INDEX outboxQueue ON outbox (routingKey, exchange);
        ALTER TABLE deadLetter ADD COLUMN account TEXT;
        CREATE INDEX deadLetterAccount ON deadLetter (account, host);
        """

    private static let fleet = """
        CREATE TABLE fleetHost (
            name TEXT PRIMARY KEY,
            state TEXT,
            lastHeard REAL,
            isLost INTEGER NOT NULL DEFAULT 0,
            desired TEXT
        ) STRICT, WITHOUT ROWID;
        """

    private static let messages = """
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            exchange TEXT NOT NULL,
            routingKey TEXT NOT NULL,
            messageID TEXT NOT NULL,
            contentType TEXT NOT NULL,
            type TEXT NOT NULL,
            body BLOB NOT NULL,
            kind TEXT NOT NULL,
            host TEXT,
            task TEXT
        ) STRICT;
        CREATE INDEX outboxKey ON outbox (routingKey);
        CREATE TABLE seenEvent (
            number INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            id TEXT NOT NULL,
            time REAL NOT NULL,
            UNIQUE (source, id)
        ) STRICT;
        """

    private static let logs = """
        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time REAL NOT NULL,
            type TEXT NOT NULL,
            rollout TEXT,
            host TEXT,
            subject TEXT,
            text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX eventTime ON event (time);
        CREATE INDEX eventType ON event (type);
        CREATE INDEX eventRollout ON event (rollout) WHERE rollout IS NOT NULL;
        CREATE INDEX eventHost ON event (host) WHERE host IS NOT NULL;
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time REAL NOT NULL,
            who TEXT NOT NULL,
            action TEXT NOT NULL,
            object TEXT NOT NULL,
            detail TEXT
        ) STRICT;
        CREATE TABLE deadLetter (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time REAL NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT,
            queue TEXT,
            host TEXT,
            messageID TEXT,
            type TEXT,
            contentType TEXT,
            size INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX deadLetterMessage ON deadLetter (messageID) WHERE messageID IS NOT NULL;
        """
}
